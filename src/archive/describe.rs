//! What the archive says of itself: to people, and to programs.

use serde_json::{Map, Value, json};

use super::layout::{File, Kind};
use super::{FORMAT, VERSION};
use crate::privacy::inventory::{COLUMNS, Column};

/// The text for people.
pub const README: &str = "\
# Your OpenTracks account

This archive holds what OpenTracks keeps of your account, and of nobody else's. It is a ZIP archive; any
program opens it.

* `<kind>/0001.jsonl` and so on: a line of JSON for each record. Its fields are named as they are stored;
  `schema.json` says what each is. What is encrypted on the server stands here in the clear.
* `activities/<id>/track.gpx` and `track.geojson`: the track for other programs.
* `activities/<id>/track.json`: the same without loss, a list for each quantity. Positions are in 1e-7 degrees,
  elevations in decimetres, times in milliseconds since 1970, cadence in tenths, temperature in tenths of a degree;
  null where a point lacks it. `part_ends` says after how many points each part ends.
* `activities/<id>/rendition.json`: what others see of it, if you share it.
* `activities/<id>/photos/<photo>`: its photos as they were uploaded, unchanged; what is said of them is in `photos/`.
* `activities/<id>/original`: the file as your device wrote it, unchanged.
* `manifest.json`: what is in the archive, and how much. What could not be read any more is not in it, and is named
  there under `left_out`.

It holds no password, key or token: those are stored as hashes, of which nobody can make the original. The links
that you gave to others stand in `links/` without the secret in their address.

It was made over some minutes. What you changed in that time may be in it as it was before or as it was after.

To take it in elsewhere, send it to `POST /api/v1/me/imports`. Files have to stand in the order that they stand in here.
Sign-ins, the access log, archives, and what you share in communities and are in them stay where they were. So does what
you agreed to (`consents/`): you told that to one operator, and another has to ask you.
Keep it in a safe place: whoever has it knows where you live.
";

/// What programs read: every file with its fields, from the inventory.
pub fn schema() -> Value {
    let kinds = Kind::ALL.map(|kind| {
        let tables = kind.tables().iter().map(|table| ((*table).to_owned(), fields_of(table)));
        json!({
            "files": format!("{}/*.jsonl", kind.folder()),
            "fields_by_table": tables.collect::<Map<_, _>>(),
        })
    });
    let files = File::ALL.map(|file| {
        let tables = file.table().into_iter().map(|table| (table.to_owned(), fields_of(table)));
        json!({
            "files": format!("activities/*/{}", file.name()),
            "fields_by_table": tables.collect::<Map<_, _>>(),
        })
    });
    json!({ "format": FORMAT, "version": VERSION, "kinds": kinds, "files": files })
}

fn fields_of(table: &str) -> Value {
    let exported = COLUMNS.iter().filter(|column| column.exported && column.table == table);
    let fields = exported.map(|Column { name, data, purpose, .. }| {
        ((*name).to_owned(), json!({ "about": data, "purpose": purpose }))
    });
    Value::Object(fields.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_explains_every_exported_column_and_no_secret() {
        let schema = schema();
        let text = schema.to_string();
        for column in COLUMNS.iter().filter(|column| column.exported) {
            assert!(text.contains(column.purpose), "{}.{}", column.table, column.name);
        }
        assert!(!text.contains("\"secret\""));
    }
}
