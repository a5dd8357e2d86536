SET LOCAL ROLE betledger_owner;

CREATE TABLE public.personal_keys (
    tenant_id bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    key bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    erased_at timestamptz,
    CONSTRAINT personal_keys_pkey PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT personal_keys_key_until_erased CHECK ((key IS NULL) = (erased_at IS NOT NULL) AND octet_length(key) = 32)
);

COMMENT ON TABLE public.personal_keys IS
'One encryption key for each person: what is personal in events is encrypted with it by the application, so that '
'destroying the key erases the person from an append-only ledger, its replicas and every copy of its events. Use '
'personal_key() and erase_person(). The one change permitted is erasure, once.';
COMMENT ON COLUMN public.personal_keys.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.personal_keys.user_id IS 'The user, as in events: an opaque id, never a name or an address.';
COMMENT ON COLUMN public.personal_keys.key IS
'32 random bytes, for AES-256 or the like; null once the person was erased.';
COMMENT ON COLUMN public.personal_keys.created_at IS 'When the key was made.';
COMMENT ON COLUMN public.personal_keys.erased_at IS 'When the person was erased; null before.';

ALTER TABLE public.personal_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.personal_keys FORCE ROW LEVEL SECURITY;

CREATE POLICY trusted ON public.personal_keys TO betledger_owner USING (true) WITH CHECK (true);

CREATE POLICY reads ON public.personal_keys FOR SELECT TO betledger_app USING (true);

CREATE POLICY makes ON public.personal_keys FOR INSERT TO betledger_app
WITH CHECK (projection.require_open(tenant_id));

-- A row may change from having a key to having none, never back.
CREATE POLICY erases ON public.personal_keys FOR UPDATE TO betledger_app
USING (key IS NOT NULL) WITH CHECK (key IS NULL AND projection.require_open(tenant_id));

-- Without a valid setting the right side is null, and no row is seen or written.
CREATE POLICY own_tenant_reads ON public.personal_keys FOR SELECT TO betledger_tenant
USING (tenant_id = projection.own_tenant());

CREATE POLICY own_tenant_makes ON public.personal_keys FOR INSERT TO betledger_tenant
WITH CHECK (tenant_id = projection.own_tenant() AND projection.require_open(tenant_id));

CREATE POLICY own_tenant_erases ON public.personal_keys FOR UPDATE TO betledger_tenant
USING (key IS NOT NULL AND tenant_id = projection.own_tenant())
WITH CHECK (key IS NULL AND tenant_id = projection.own_tenant() AND projection.require_open(tenant_id));

REVOKE ALL ON public.personal_keys FROM public;

-- Not for analysts and operators: they see what is encrypted.
GRANT SELECT, INSERT, UPDATE (key, erased_at) ON public.personal_keys TO betledger_app, betledger_tenant;
