-- CASCADE: folds and functions that read it go, too; `betledger migrate` makes them again.
DROP VIEW public.tenants_summary_view CASCADE;

DROP TABLE projection.tenant_totals CASCADE;

DROP TABLE public.tenants CASCADE;

DROP FUNCTION projection.require_open(bigint);
