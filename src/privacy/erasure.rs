//! What becomes of each stored column when an account goes. The job that erases accounts is driven by this, and
//! by the inventory: a new table with an `account_id` is erased without another word, any other has to be
//! decided here before the tests pass.

use super::inventory::{COLUMNS, Column};

/// How what goes is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The rows in which this column is the account's id are deleted.
    Rows(&'static str),
    /// The same, but others made them about the account, and it never learns of them: they are in no
    /// count that it is told.
    Untold(&'static str),
    /// In the rows in which this column is the account's id, it is emptied, and the others stay for a
    /// reason.
    Emptied(&'static str, &'static str),
    /// The rows with the hash of the account's address are deleted.
    Address,
    /// The rows in which this column is the account's id stay without it, in other places, or are deleted: as
    /// its owner chose. Those that are left are deleted like any other.
    Severed(&'static str),
    /// The rows of each of its activities are made anew without an author, or deleted.
    Works,
    /// Nothing is done to it, and this is why.
    Kept(&'static str),
}

/// The column by which a table belongs to accounts, unless a row of [`RULES`] says otherwise.
const OWNER: &str = "account_id";

/// Tables that do not belong to accounts by an `account_id`, or not by it alone.
const RULES: &[(&str, Rule)] = &[
    ("identity.registrations", Rule::Address),
    ("vault.blocks", Rule::Untold("member_id")),
    ("commons.members", Rule::Rows("member_id")),
    ("commons.memberships", Rule::Rows("member_id")),
    ("commons.membership_requests", Rule::Rows("member_id")),
    ("commons.bans", Rule::Untold("member_id")),
    ("commons.reviews", Rule::Severed("reviewer_id")),
    ("commons.renditions", Rule::Works),
    ("commons.published", Rule::Works),
    ("commons.published_lines", Rule::Works),
    ("commons.start_counts", Rule::Works),
    ("commons.title_words", Rule::Works),
    ("commons.community_starts", Rule::Works),
    ("commons.community_activities", Rule::Works),
    ("commons.links", Rule::Works),
    ("commons.photos", Rule::Works),
    ("commons.published_waypoints", Rule::Works),
    ("commons.member_pictures", Rule::Rows("member_id")),
    ("commons.community_pictures", Rule::Kept("it is its members'; with the last of them it ends")),
    (
        "commons.heat_cells",
        Rule::Kept("it tells of five members at least and names none; made anew each day"),
    ),
    (
        "commons.open_data",
        Rule::Kept(
            "the id of what was in the open data, so that who has a copy removes it; gone after 30 days",
        ),
    ),
    ("commons.open_data_issues", Rule::Kept("it is a day and a number")),
    ("ops.diagnostics", Rule::Kept("it is tied to no account; gone after 30 days")),
    (
        "ops.photo_ids",
        Rule::Emptied(
            OWNER,
            "so that nobody takes the place of what was there, nor learns that it went",
        ),
    ),
    (
        "identity.public_names",
        Rule::Kept(
            "a keyed hash, so that nobody goes by the name of who left; gone after a year, and whose it was at \
             once",
        ),
    ),
    ("commons.communities", Rule::Kept("it is its members'; with the last of them it ends")),
    ("ops.secrets", Rule::Kept("it is the server's")),
    ("ops.schedule", Rule::Kept("it is the server's")),
    (
        "ops.throttles",
        Rule::Kept(
            "it counts attempts of a MAC that is no use without the server's secret, for a day",
        ),
    ),
    (
        "ops.activity_ids",
        Rule::Emptied(
            OWNER,
            "so that nobody takes the place of what was there, nor learns that it went",
        ),
    ),
    (
        "ops.erasures",
        Rule::Kept(
            "so that the account stays erased when a backup is restored; gone with the last backup",
        ),
    ),
];

/// Every column that names a blob, which is where a sealed file lies. What no row names is erased by a job, so one
/// that is missing here loses what it names: tests hold this against the inventory and the database.
pub const BLOB_COLUMNS: [(&str, &str); 9] = [
    // Of works that are nobody's they are named nowhere else.
    ("commons.photos", "thumbnail"),
    ("commons.photos", "medium"),
    ("commons.photos", "large"),
    ("vault.archive_segments", "blob"),
    ("vault.originals", "blob"),
    ("vault.photos", "original"),
    ("vault.photos", "thumbnail"),
    ("vault.photos", "medium"),
    ("vault.photos", "large"),
];

/// Tables that belong to accounts by an `account_id`, and name them in another column as well.
const BOTH: &[&str] = &["vault.blocks"];

/// The tables of the inventory, each once.
pub fn tables() -> impl Iterator<Item = &'static str> {
    let first = |(index, column): (usize, &'static Column)| {
        let known = COLUMNS[..index].iter().any(|before| before.table == column.table);
        (!known).then_some(column.table)
    };
    COLUMNS.iter().enumerate().filter_map(first)
}

/// Whether a table has a column of that name.
pub fn has_column(table: &str, name: &str) -> bool {
    COLUMNS.iter().any(|column| column.table == table && column.name == name)
}

/// How what goes is found in a table; nothing when that is undecided.
pub fn rules_of(table: &str) -> impl Iterator<Item = Rule> {
    let stated = RULES.iter().find(|(known, _)| *known == table).map(|(_, rule)| *rule);
    let is_owned = has_column(table, OWNER);
    let by_owner = is_owned && (stated.is_none() || BOTH.contains(&table));
    stated.into_iter().chain(by_owner.then_some(Rule::Rows(OWNER)))
}

/// Those of [`BLOB_COLUMNS`] that are in tables of accounts.
pub fn blobs() -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_owned = |(table, _): &(&str, _)| rules_of(table).any(|rule| rule == Rule::Rows(OWNER));
    BLOB_COLUMNS.into_iter().filter(is_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_decided() {
        for column in COLUMNS {
            assert!(
                rules_of(column.table).next().is_some(),
                "say in src/privacy/erasure.rs what becomes of {}.{} when an account goes",
                column.table,
                column.name
            );
        }
    }

    #[test]
    fn every_rule_is_of_a_table_and_a_column_that_are_there() {
        for (table, rule) in RULES {
            assert!(tables().any(|known| known == *table), "{table}");
            match rule {
                Rule::Rows(column)
                | Rule::Untold(column)
                | Rule::Severed(column)
                | Rule::Emptied(column, _) => {
                    assert!(has_column(table, column), "{table}.{column}");
                }
                Rule::Address => assert!(has_column(table, "email_hash"), "{table}"),
                Rule::Works | Rule::Kept(_) => {}
            }
        }
        assert!(BOTH.iter().all(|table| has_column(table, OWNER)));
        assert!(BLOB_COLUMNS.iter().all(|(table, column)| has_column(table, column)));
    }

    #[test]
    fn nothing_of_the_vault_and_of_identity_is_kept() {
        let behind = |column: &&Column| {
            column.table.starts_with("vault.") || column.table.starts_with("identity.")
        };
        // But for a hash that says that a name is taken.
        let is_other = |column: &&Column| column.table != "identity.public_names";
        for column in COLUMNS.iter().filter(behind).filter(is_other) {
            let goes = rules_of(column.table).next().is_some_and(|rule| match rule {
                Rule::Rows(_) | Rule::Untold(_) | Rule::Address => true,
                Rule::Emptied(emptied, _) => emptied == column.name,
                Rule::Severed(_) | Rule::Works | Rule::Kept(_) => false,
            });
            assert!(goes, "{}.{}", column.table, column.name);
        }
    }
}
