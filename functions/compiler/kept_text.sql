SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.kept_text(p_read_table text, p_shard_id bigint)
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE p.kind
        WHEN 'slots' THEN projection.fold_of_sum_text(p_read_table, projection.filled('kept', holes))
        ELSE projection.filled('kept', holes)
    END
    FROM projection.registered_projections() AS p
    CROSS JOIN jsonb_build_object(
        'columns', projection.list(array_remove(projection.columns(p_read_table), 'slot'), 't.*'),
        'read_table', projection.local_table(p_read_table, p_shard_id)
    ) AS holes
    WHERE p.read_table = p_read_table
$$;

COMMENT ON FUNCTION projection.kept_text(text, bigint) IS
'The query that gives the rows of a read table as they are kept, of the tenant $1 or of all; of slots their sums. '
'Example: SELECT projection.kept_text(''public.bets_view'', NULL).';

REVOKE ALL ON FUNCTION projection.kept_text(text, bigint) FROM public;
