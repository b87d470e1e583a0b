//! The live database against what the code says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use opentracks::privacy::inventory;

use crate::harness::{create_database, fresh_database};

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    #[diesel(sql_type = Bool)]
    keyed: bool,
}

/// Every column of our schemas, in order.
const COLUMNS: &str = r#"
    SELECT c.table_schema || '.' || c.table_name AS "table", c.column_name::text AS name,
           c.udt_name::text AS kind, c.is_nullable = 'YES' AS nullable, EXISTS (
               SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
               WHERE i.indisprimary AND a.attname = c.column_name
                 AND i.indrelid = format('%I.%I', c.table_schema, c.table_name)::regclass
           ) AS keyed
    FROM information_schema.columns c
    WHERE c.table_schema IN ('identity', 'vault', 'commons', 'ops')
    ORDER BY c.table_schema, c.table_name, c.ordinal_position"#;

async fn columns() -> Vec<Column> {
    let mut conn = AsyncPgConnection::establish(&fresh_database().await).await.unwrap();
    diesel::sql_query(COLUMNS).load(&mut conn).await.unwrap()
}

/// A column without a declared purpose fails here.
#[tokio::test(flavor = "multi_thread")]
async fn the_inventory_lists_every_stored_column() {
    let stored: BTreeSet<String> =
        columns().await.iter().map(|column| format!("{}.{}", column.table, column.name)).collect();
    let declared: BTreeSet<String> = inventory::COLUMNS
        .iter()
        .map(|column| format!("{}.{}", column.table, column.name))
        .collect();
    assert_eq!(stored, declared);
    assert_eq!(inventory::COLUMNS.len(), declared.len(), "a column is listed twice");
}

/// What diesel believes is what the migrations made.
#[tokio::test(flavor = "multi_thread")]
async fn the_table_definitions_agree_with_the_database() {
    let kinds: BTreeMap<&str, &str> = [
        ("uuid", "Uuid"),
        ("bytea", "Bytea"),
        ("text", "Text"),
        ("timestamptz", "Timestamptz"),
        ("int2", "Int2"),
        ("int4", "Int4"),
        ("int8", "Int8"),
        ("float8", "Float8"),
        ("bool", "Bool"),
        ("date", "Date"),
        ("json", "Json"),
        ("jsonb", "Jsonb"),
        ("geography", "Geography"),
        ("tsvector", "TsVector"),
        ("geometry", "Geometry"),
    ]
    .into();
    let mut stored: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for column in columns().await {
        let kind = kinds[column.kind.as_str()];
        let kind = if column.nullable { format!("Nullable<{kind}>") } else { kind.to_owned() };
        stored.entry(column.table).or_default().push(format!("{} -> {kind}", column.name));
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db/schema.rs");
    assert_eq!(declared(&fs::read_to_string(source).unwrap()), stored);
}

/// The columns that `table!` declares, by table.
fn declared(source: &str) -> BTreeMap<String, Vec<String>> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for line in source.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|(name, _)| name.contains('.')) {
            name.clone_into(&mut table);
        } else if line.contains(" -> ") && line.ends_with(',') {
            tables.entry(table.clone()).or_default().push(line.trim_end_matches(',').to_owned());
        }
    }
    tables
}

/// So that the vault can be spread over machines by account, without a redesign.
#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_an_account_is_keyed_by_it_first() {
    const SHARED: [&str; 3] =
        ["identity.addresses", "identity.public_names", "identity.registrations"];
    let columns = columns().await;
    let mut checked = 0;
    for column in columns.iter().filter(|column| column.keyed) {
        let of_accounts =
            column.table.starts_with("identity.") || column.table.starts_with("vault.");
        if of_accounts && !SHARED.contains(&column.table.as_str()) {
            assert_eq!(column.name, "account_id", "{}", column.table);
            checked += 1;
        }
    }
    assert!(10 < checked);
}

/// What no known column names is erased from the blob store.
#[test]
fn every_column_that_names_a_blob_is_known() {
    let told = inventory::COLUMNS.iter().filter(|column| column.purpose.contains("blob store"));
    let told: BTreeSet<_> = told.map(|column| (column.table, column.name)).collect();
    assert_eq!(told, opentracks::privacy::erasure::BLOB_COLUMNS.into());
}

/// Up, down and up again ends where up alone ends, and down leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn migrations_can_be_taken_back() {
    let migrated = fresh_database().await;
    let empty = create_database("template0").await;
    let untouched = dump(&empty);
    apply(&empty, "up.sql", false);
    let once = dump(&empty);
    apply(&empty, "down.sql", true);
    assert_eq!(dump(&empty), untouched, "down leaves something behind");
    apply(&empty, "up.sql", false);
    assert_eq!(dump(&empty), once, "up after down differs");
    assert!(dump(&migrated).contains("CREATE TABLE vault.tracks"));
}

/// Runs a file of every migration, the newest first if `backwards`.
fn apply(url: &str, file: &str, backwards: bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut migrations: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    migrations.sort();
    if backwards {
        migrations.reverse();
    }
    for migration in migrations {
        let mut psql = Command::new("psql");
        psql.args(["-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f"])
            .arg(migration.join(file))
            .arg(url);
        assert!(
            psql.env("PGOPTIONS", "-c client_min_messages=warning").status().unwrap().success()
        );
    }
}

/// The schema as SQL, without what differs from dump to dump.
fn dump(url: &str) -> String {
    let output =
        Command::new("pg_dump").args(["--schema-only", "--no-comments"]).arg(url).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('\\') && !line.starts_with("--"))
        .collect::<Vec<_>>()
        .join("\n")
}
