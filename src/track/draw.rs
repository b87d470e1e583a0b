//! A picture of a track for lists, mails and cards: its line on a plain ground with a scale, and below it how
//! high it goes. A function of the points alone, so who gets fewer of them sees less.

mod raster;
mod scene;
mod vector;

use super::columns::Columns;

/// The picture as SVG 1.1, without texts, scripts or references.
pub fn svg(columns: &Columns) -> Vec<u8> {
    vector::svg(&scene::scene(columns))
}

/// The picture as PNG, 1,200 by 630 pixels, without metadata.
pub fn png(columns: &Columns) -> Vec<u8> {
    raster::png(&scene::scene(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(points: &[(i32, i32)]) -> Columns {
        Columns {
            lat_e7: points.iter().map(|point| point.0).collect(),
            lon_e7: points.iter().map(|point| point.1).collect(),
            part_ends: vec![points.len()],
            ..Columns::default()
        }
    }

    #[test]
    fn a_picture_can_be_drawn_of_anything() {
        let elevations = Columns {
            elevation_dm: vec![i32::MAX, i32::MIN + 1, 5, 5],
            ..columns(&[(470_000_000, 80_000_000); 4])
        };
        let all = [
            columns(&[]),
            columns(&[(470_000_000, 80_000_000)]),
            columns(&[(900_000_000, -1_800_000_000), (-900_000_000, 1_800_000_000)]),
            columns(&[(0, 1_799_999_999), (10, -1_799_999_999)]),
            elevations,
        ];
        for columns in all {
            let svg = String::from_utf8(svg(&columns)).unwrap();
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(png(&columns).starts_with(b"\x89PNG\r\n"));
        }
    }

    #[test]
    fn a_line_over_the_antimeridian_is_short() {
        let there = columns(&[(0, 1_799_000_000), (1_000_000, -1_799_000_000)]);
        let here = columns(&[(0, -1_000_000), (1_000_000, 1_000_000)]);
        assert_eq!(svg(&there), svg(&here), "the place itself is not in the picture");
    }
}
