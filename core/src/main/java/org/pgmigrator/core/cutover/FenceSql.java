package org.pgmigrator.core.cutover;

import java.time.Duration;
import java.time.Instant;
import org.pgmigrator.core.postgres.Catalog;

/// The fence's statements.
///
/// Its schema holds the function alone, so that dropping the schema drops the triggers with it, and that nothing of it
/// can be published. The comment on the schema says what the fence is; it is written by the transaction that makes the
/// triggers.
final class FenceSql {

    /// A name that begins with `pg_` would be refused.
    static final String SCHEMA = Catalog.FENCE_SCHEMA;

    static final String OPENED = "opened";

    /// Drops the fence, whatever there is of it.
    static final String DROP = "DROP SCHEMA IF EXISTS " + SCHEMA + " CASCADE";

    /// Placeholders of RAISE alone: operators could be somebody else's under the writer's search_path.
    private static final String FUNCTION = """
            create function pgmigrator_fence.refuse() returns trigger language plpgsql as $refuse$
            begin
                raise exception 'cannot execute % on %.%: this database was moved to another server and takes no more writes',
                    tg_op, tg_table_schema, tg_table_name
                using errcode = '25006',
                      detail = 'Closed by pg-migrator at SINCE.',
                      hint = 'Connect to the new server. The operator can reopen this one: pg-migrator abort --unlock-source';
            end
            $refuse$
            """;

    /// Lets everybody pass. Every session sees it at its next statement, and no table has to be locked for it.
    private static final String PASSING_FUNCTION = """
            create or replace function pgmigrator_fence.refuse() returns trigger language plpgsql as $refuse$
            begin
                return null;
            end
            $refuse$
            """;

    /// One trigger for each table of the lock, large objects' catalogues apart: those take none.
    static final String TRIGGERS = """
            do $fence$
            declare
                relation text;
            begin
                for relation in
                    select format('%I.%I', n.nspname, c.relname)
                    from unnest(current_setting('pgmigrator.relations')::oid[]) with ordinality w(oid, position)
                    join pg_class c on c.oid = w.oid join pg_namespace n on n.oid = c.relnamespace
                    where n.nspname <> 'pg_catalog'
                    order by w.position
                loop
                    execute 'create trigger pgmigrator_fence before insert or update or delete or truncate on '
                        || relation || ' for each statement execute function pgmigrator_fence.refuse()';
                end loop;
            end
            $fence$
            """;

    /// No row if there is no such schema.
    static final String STATE = """
            select coalesce(obj_description(n.oid, 'pg_namespace'), ''),
                   (select count(*) from pg_trigger t
                    where t.tgfoid in (select p.oid from pg_proc p where p.pronamespace = n.oid)
                      and t.tgenabled in ('O', 'A'))
            from pg_namespace n where n.nspname = 'pgmigrator_fence'
            """;

    /// Rows that this transaction has written, whoever's trigger it was.
    static final String WRITTEN = """
            select coalesce(string_agg(schemaname || '.' || relname, ', '), '')
            from pg_stat_xact_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0
            """;

    /// Event triggers that the fence's statements would fire.
    static final String EVENT_TRIGGERS = """
            select exists (select from pg_event_trigger where evtenabled in ('O', 'A')
                           and evtevent in ('ddl_command_start', 'ddl_command_end')
                           and (evttags is null or evttags && array['CREATE SCHEMA', 'CREATE FUNCTION',
                                                                    'CREATE TRIGGER', 'COMMENT']))
            """;

    private FenceSql() {}

    static String schema() {
        return "create schema " + SCHEMA;
    }

    static String function(Instant since) {
        return FUNCTION.replace("SINCE", since.toString());
    }

    static String comment(String token, int relations, Instant since) {
        return "comment on schema " + SCHEMA + " is "
                + literal("closed token=" + token + " relations=" + relations + " since=" + since);
    }

    /// Opens the fence without a lock on any table.
    static String open() {
        return PASSING_FUNCTION + "; comment on schema " + SCHEMA + " is '" + OPENED + "'";
    }

    static String limits(Duration statement) {
        return "select set_config('statement_timeout', '" + LockSession.milliseconds(statement) + "', true),"
                + " set_config('lock_timeout', '" + LockSession.milliseconds(statement) + "', true)";
    }

    static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }
}
