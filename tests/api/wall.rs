//! The wall between vault and commons, as the database holds it.

use diesel_async::SimpleAsyncConnection;

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
        "SELECT * FROM vault.activities",
        "SELECT count(*) FROM vault.tracks",
        "SELECT * FROM vault.originals",
        "SELECT * FROM identity.accounts",
        "SELECT * FROM identity.sessions",
        "SELECT * FROM ops.jobs",
        "SELECT * FROM ops.secrets",
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
    ] {
        let refused = conn.batch_execute(statement).await.expect_err(statement).to_string();
        let reason = ["permission denied", "must be member", "superuser", "must have admin option"];
        assert!(reason.iter().any(|reason| refused.contains(reason)), "{statement}: {refused}");
    }
}
