DROP VIEW public.tenants_summary_view;

DROP TABLE projection.tenant_totals;
