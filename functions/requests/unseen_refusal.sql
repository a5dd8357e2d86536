SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.unseen_refusal(p_what text, p_id text, p_tenant_id bigint)
RETURNS projection.refusal
LANGUAGE sql STABLE
AS $$
    SELECT ROW(
        'BL002', format(
            '%s %s of tenant %s does not exist', p_what, coalesce(quote_literal(left(p_id, 100)), 'null'), p_tenant_id
        ), format(
            'Send the %s_id that the function which made the %s gave, and the tenant that it was made with.',
            p_what, p_what
        )
    )::projection.refusal
$$;

COMMENT ON FUNCTION projection.unseen_refusal(text, text, bigint) IS
'The refusal of a bet or payment that is not there. Example: SELECT * FROM projection.unseen_refusal(''bet'', '
'''bet-1'', 10001).';

REVOKE ALL ON FUNCTION projection.unseen_refusal(text, text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.unseen_refusal(text, text, bigint)
TO betledger_app, betledger_tenant, betledger_operator;
