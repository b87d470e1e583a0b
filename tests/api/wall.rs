//! The wall between vault and commons, as the database holds it.

use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use crate::harness::{TestApp, connect, northward_gpx};

/// Whatever SQL a request sends that does not act for an owner: the login cannot.
#[tokio::test(flavor = "multi_thread")]
async fn the_commons_login_reads_neither_vault_nor_identity_whatever_it_says() {
    let app = TestApp::start().await;
    app.member("Ada").await.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let mut conn = connect(&app, "opentracks_commons").await;
    // The login reads only by default; it could say otherwise, so let it.
    conn.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    conn.batch_execute("SELECT * FROM commons.renditions, commons.published, commons.members")
        .await
        .unwrap();
    for statement in [
        "SET ROLE opentracks_owner",
        "SET ROLE opentracks",
        "SET SESSION AUTHORIZATION opentracks_owner",
        "RESET ROLE; SELECT * FROM vault.tracks",
        "GRANT opentracks_owner TO opentracks_commons",
        "CREATE FUNCTION commons.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM vault.tracks'",
        "COPY vault.tracks TO STDOUT",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "UPDATE commons.renditions SET title = 'mine'",
        "DELETE FROM commons.published",
        "DO 'BEGIN PERFORM * FROM vault.tracks; END'",
        "WITH peeked AS (SELECT * FROM vault.zones) SELECT count(*) FROM peeked",
        "SELECT EXISTS (SELECT FROM vault.blocks)",
        "DECLARE peek CURSOR WITH HOLD FOR SELECT * FROM vault.tracks",
        "PREPARE peek AS SELECT * FROM vault.tracks; EXECUTE peek",
        "EXPLAIN ANALYZE SELECT * FROM vault.tracks",
        "CREATE TEMPORARY TABLE peek AS SELECT * FROM vault.tracks",
        "CREATE TABLE commons.peek (a integer)",
        "CREATE TABLE public.peek (a integer)",
        "CREATE SCHEMA peek",
        "CREATE EXTENSION dblink",
        "ALTER TABLE commons.renditions DISABLE TRIGGER ALL",
        "ALTER ROLE opentracks_commons SUPERUSER",
        "CREATE ROLE peek SUPERUSER",
        "DO 'BEGIN LOCK TABLE vault.tracks; END'",
        "TRUNCATE commons.renditions",
        "COPY (SELECT * FROM vault.tracks) TO STDOUT",
        "COPY commons.renditions TO '/tmp/peek'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT pg_read_binary_file('PG_VERSION')",
        "SELECT pg_ls_dir('.')",
        "SELECT pg_ls_waldir()",
        "SELECT lo_import('/etc/hostname')",
        "SELECT lo_export(1, '/tmp/peek')",
        "SELECT pg_switch_wal()",
        "SELECT pg_reload_conf()",
        "SET log_statement = 'all'",
        "ALTER SYSTEM SET log_statement = 'all'",
        "SELECT rolpassword FROM pg_authid",
        "SELECT * FROM pg_statistic",
        "INSERT INTO commons.links (token_hash, link_id, activity_id) VALUES ('', gen_random_uuid(), gen_random_uuid())",
        "UPDATE commons.links SET expires_at = NULL",
        "INSERT INTO commons.memberships SELECT community_id, member_id, 'administrator', now() FROM commons.communities, commons.members",
        "DELETE FROM commons.bans",
        "CREATE OR REPLACE FUNCTION commons.are_apart(one UUID, other UUID) RETURNS BOOLEAN LANGUAGE sql AS 'SELECT false'",
    ] {
        let refused = conn.batch_execute(statement).await.expect_err(statement).to_string();
        let reason = ["permission denied", "must be", "superuser", "must have admin option"];
        assert!(reason.iter().any(|reason| refused.contains(reason)), "{statement}: {refused}");
    }
}

/// Each table behind the wall, whichever come to be there, by each kind of statement.
#[tokio::test(flavor = "multi_thread")]
async fn no_table_behind_the_wall_is_within_reach_and_none_in_front_is_written() {
    let app = TestApp::start().await;
    let mut conn = connect(&app, "opentracks_commons").await;
    conn.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    let (mut behind, mut in_front) = (0, 0);
    for Table { name, column } in tables(&app).await {
        let mut statements = vec![
            format!("INSERT INTO {name} DEFAULT VALUES"),
            format!("UPDATE {name} SET {column} = {column}"),
            format!("DELETE FROM {name}"),
            format!("TRUNCATE {name}"),
            format!("DO 'BEGIN LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE; END'"),
            format!("COPY {name} FROM STDIN"),
            format!("CREATE TRIGGER peek AFTER INSERT ON {name} EXECUTE FUNCTION commons.peek()"),
            format!("CREATE INDEX ON {name} ({column})"),
            format!("ALTER TABLE {name} ADD COLUMN peek INTEGER"),
            format!("DROP TABLE {name}"),
        ];
        if name.starts_with("commons.") {
            in_front += 1;
            conn.batch_execute(&format!("SELECT {column} FROM {name}")).await.unwrap();
        } else {
            behind += 1;
            statements.extend([
                format!("SELECT {column} FROM {name}"),
                format!("SELECT FROM {name}"),
                format!("SELECT count(*) FROM ONLY {name}"),
                format!("SELECT 1 FROM {name} FOR UPDATE"),
                format!("TABLE {name}"),
                format!("COPY {name} TO STDOUT"),
            ]);
        }
        for statement in statements {
            let refused = conn.batch_execute(&statement).await.expect_err(&statement).to_string();
            let reason = ["permission denied", "must be owner"];
            assert!(reason.iter().any(|reason| refused.contains(reason)), "{statement}: {refused}");
        }
    }
    assert!(behind >= 15 && in_front >= 8, "{behind} {in_front}");
    // Nor is what its functions may do more than to say yes or no, and to count.
    let functions = "SELECT string_agg(proname, ' ' ORDER BY proname) AS name, '' AS \"column\" FROM pg_proc WHERE prosecdef AND pronamespace <> 'public'::regnamespace";
    let functions: Vec<Table> = diesel::sql_query(functions).load(&mut conn).await.unwrap();
    assert_eq!(functions[0].name, FUNCTIONS);
}

/// What runs with the rights of its owner. Each has to be looked at before it stands here.
const FUNCTIONS: &str =
    "agrees_to_open_data are_apart count_opening prune_access_log session_stands";

#[derive(diesel::QueryableByName)]
struct Table {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    column: String,
}

async fn tables(app: &TestApp) -> Vec<Table> {
    let query =
        "SELECT table_schema || '.' || table_name AS name, min(column_name::text) AS \"column\"
                 FROM information_schema.columns
                 WHERE table_schema IN ('identity', 'vault', 'ops', 'commons')
                 GROUP BY 1 ORDER BY 1";
    diesel::sql_query(query).load(&mut connect(app, "opentracks").await).await.unwrap()
}
