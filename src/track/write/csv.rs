//! Comma-separated values (RFC 4180), for spreadsheets.

use super::text::{instant, push_decimal, push_degrees, time_ms, value};
use super::{Document, Times};
use crate::track::columns::{MISSING, NO_TIME};

/// Spreadsheets take a cell that begins with one of these for a formula.
const FORMULA_BEGINNINGS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The document as a table, a row for each point: the number of its part, its position, what else
/// it has, and the author where one is to be named. Columns that no point has a value for are left
/// out.
///
/// What a table cannot hold: title, description, sport, whether it was planned, and waypoints.
///
/// Text that a spreadsheet would run as a formula begins with an apostrophe.
pub fn csv(document: &Document) -> Vec<u8> {
    let columns = document.columns;
    let timed = columns.time_ms.iter().any(|&time_ms| time_ms != NO_TIME);
    let sensors: Vec<(&str, &[i32], usize)> = [
        ("elevation_m", &columns.elevation_dm[..], 1),
        ("heart_rate_bpm", &columns.heart_rate_bpm, 0),
        ("cadence_rpm", &columns.cadence_d, 1),
        ("power_w", &columns.power_w, 0),
        ("temperature_c", &columns.temperature_dc, 1),
    ]
    .into_iter()
    .filter(|(_, column, _)| column.iter().any(|&value| value != MISSING))
    .collect();
    let author = document.author.map(cell);

    let mut out = String::from("part,latitude,longitude");
    if timed {
        out.push_str(match document.times {
            Times::Absolute => ",time",
            Times::FromStart => ",elapsed_s",
        });
    }
    for (name, ..) in &sensors {
        out.push(',');
        out.push_str(name);
    }
    out.push_str(if author.is_some() { ",author\r\n" } else { "\r\n" });
    for (number, part) in (1..).zip(columns.parts()) {
        for point in part {
            push_decimal(&mut out, number, 0);
            out.push(',');
            push_degrees(&mut out, columns.lat_e7[point]);
            out.push(',');
            push_degrees(&mut out, columns.lon_e7[point]);
            if timed {
                out.push(',');
                push_time(&mut out, document, point);
            }
            for (_, column, digits) in &sensors {
                out.push(',');
                if let Some(value) = value(column, point) {
                    push_decimal(&mut out, value.into(), *digits);
                }
            }
            if let Some(author) = &author {
                out.push(',');
                out.push_str(author);
            }
            out.push_str("\r\n");
        }
    }
    out.into_bytes()
}

fn push_time(out: &mut String, document: &Document, point: usize) {
    let Some(time_ms) = time_ms(&document.columns.time_ms, point) else { return };
    match document.times {
        Times::Absolute => out.push_str(&instant(time_ms).unwrap_or_default()),
        Times::FromStart => push_decimal(out, time_ms, 3),
    }
}

/// Text as a quoted cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let guard = if text.trim_start().starts_with(FORMULA_BEGINNINGS)
        || text.starts_with(FORMULA_BEGINNINGS)
    {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{columns, document};
    use super::*;

    #[test]
    fn a_row_has_what_its_point_has() {
        let columns = columns();
        let table = String::from_utf8(csv(&document(&columns))).unwrap();
        let rows: Vec<&str> = table.split("\r\n").collect();
        assert_eq!(
            rows[0],
            "part,latitude,longitude,time,elevation_m,heart_rate_bpm,cadence_rpm,power_w,temperature_c,author"
        );
        assert_eq!(
            rows[1],
            "1,47.1,8.5,2023-11-14T22:13:20Z,412.3,120,85.5,250,-1.5,\"Ada & <co>\""
        );
        assert_eq!(rows.len(), columns.len() + 2);
    }

    #[test]
    fn a_name_is_never_a_formula() {
        let columns = columns();
        for name in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"] {
            let table = csv(&Document { author: Some(name), ..document(&columns) });
            let table = String::from_utf8(table).unwrap();
            assert!(table.contains(&format!("\"'{name}\"")));
        }
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}
