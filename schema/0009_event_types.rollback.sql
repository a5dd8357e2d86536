DO $$
DECLARE
    v_table text;
    v_policy text;
BEGIN
    FOREACH v_table IN ARRAY '{public.bet_events,public.payment_events,public.balance_events}'::text[] LOOP
        FOREACH v_policy IN ARRAY '{operators_read,operators_purge,operators_correct}'::text[] LOOP
            EXECUTE format('DROP POLICY %s ON %s', v_policy, v_table);
        END LOOP;
        EXECUTE format(
            'ALTER POLICY trusted ON %s TO betledger_owner, betledger_app, betledger_reader, betledger_operator',
            v_table
        );
    END LOOP;
END
$$;

DROP TABLE projection.event_types;
