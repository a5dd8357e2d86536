DROP FUNCTION projection.wall_off(text, boolean);

DROP FUNCTION projection.own_tenant();
