SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.set_feed_cell(p_cell regclass, p_value bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM setval(p_cell, (s.seqmin & ~281474976710655) + p_value) FROM pg_sequence AS s WHERE s.seqrelid = p_cell;
END
$$;

COMMENT ON FUNCTION projection.set_feed_cell(regclass, bigint) IS
'Sets what this server knows of its feed, at once and for all sessions, whatever becomes of the transaction: a number '
'from 1 to 2^48 - 1. Example: SELECT projection.set_feed_cell(''projection.feed_era'', 7).';

REVOKE ALL ON FUNCTION projection.set_feed_cell(regclass, bigint) FROM public;
