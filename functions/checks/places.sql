SET LOCAL ROLE betledger_owner;

-- Of its text, so that what is no number at all is no error here. Inlined wherever it is called.
CREATE OR REPLACE FUNCTION projection.places(p_number text)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN length(rtrim(split_part(p_number, '.', 2), '0'));

COMMENT ON FUNCTION projection.places(text) IS
'How many decimals a number has; zeros at the end do not count. Example: SELECT projection.places(''1.50'').';

REVOKE ALL ON FUNCTION projection.places(text) FROM public;
