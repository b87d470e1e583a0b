//! A model of the terrain: a folder of elevation tiles, each of a degree of latitude and longitude.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::track::elevation::{Corner, Tile};

/// How many tiles stay in memory; one of an arc second takes 52 MB.
const TILES_KEPT_MAX: usize = 4;
/// How many tiles are read for one track at most: one that leaps about the world costs no more.
const TILES_READ_MAX: usize = 64;

/// A tile, or that there is none that can be read.
type Found = Option<Arc<Tile>>;

/// The tiles, read when a track comes by.
#[derive(Clone, Default)]
pub struct Terrain {
    files: Arc<BTreeMap<Corner, PathBuf>>,
    kept: Arc<Mutex<Vec<(Corner, Found)>>>,
}

/// Looks up heights for one track.
pub struct Heights<'a> {
    terrain: &'a Terrain,
    last: Option<(Corner, Found)>,
    read: usize,
}

impl Terrain {
    /// The tiles in `folder`: `.hgt` and `.tif` files whose names tell their south-west corner, such
    /// as `N47E008.hgt` or `Copernicus_DSM_COG_10_N47_00_E008_00_DEM.tif`. Others are passed over.
    pub fn in_folder(folder: &Path) -> std::io::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
            if let Some(corner) = Corner::in_name(name).filter(|_| is_tile(&path)) {
                files.insert(corner, path);
            }
        }
        Ok(Self { files: Arc::new(files), ..Self::default() })
    }

    /// Whether there is any tile.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Heights for one track. Looking them up reads files.
    pub fn heights(&self) -> Heights<'_> {
        Heights { terrain: self, last: None, read: 0 }
    }

    fn kept(&self, corner: Corner) -> Option<Found> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| *known == corner)?;
        // The one used last goes last.
        let found = kept.remove(at);
        kept.push(found.clone());
        Some(found.1)
    }

    fn keep(&self, corner: Corner, tile: Found) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if TILES_KEPT_MAX <= kept.len() {
            kept.remove(0);
        }
        kept.push((corner, tile));
    }
}

impl Heights<'_> {
    /// The height at a place in degrees, in metres. `None` where no tile knows it.
    pub fn height_m(&mut self, lat: f64, lon: f64) -> Option<f64> {
        let corner = Corner::at(lat, lon);
        if self.last.as_ref().is_none_or(|(last, _)| *last != corner) {
            self.last = Some((corner, self.tile(corner)));
        }
        self.last.as_ref()?.1.as_ref()?.height_m(lat, lon)
    }

    /// A tile that cannot be read is as good as none; it is not read again while it is remembered.
    fn tile(&mut self, corner: Corner) -> Found {
        let path = self.terrain.files.get(&corner)?;
        if let Some(kept) = self.terrain.kept(corner) {
            return kept;
        }
        if TILES_READ_MAX <= self.read {
            return None;
        }
        self.read += 1;
        let bytes = fs::read(path).ok()?;
        let tile = if is(path, "hgt") {
            Tile::from_hgt(&bytes, corner)
        } else {
            Tile::from_geotiff(&bytes)
        };
        let tile = tile.ok().map(Arc::new);
        self.terrain.keep(corner, tile.clone());
        tile
    }
}

fn is_tile(path: &Path) -> bool {
    ["hgt", "tif", "tiff"].iter().any(|extension| is(path, extension))
}

fn is(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tile of 3 arc seconds that is flat but for a void in its north-west corner.
    fn flat(height_m: i16) -> Vec<u8> {
        let mut bytes = height_m.to_be_bytes().repeat(1_201 * 1_201);
        bytes[..2].copy_from_slice(&i16::MIN.to_be_bytes());
        bytes
    }

    #[test]
    fn heights_come_from_the_tile_around_a_place() {
        let folder = std::env::temp_dir().join(format!("opentracks-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        for (name, content) in [
            ("N47E008.hgt", flat(400)),
            ("n47e009.HGT", flat(500)),
            ("S01W001.hgt", flat(7)),
            ("N48E008.hgt", vec![1; 10]),
            ("notes.txt", flat(1)),
        ] {
            fs::write(folder.join(name), content).unwrap();
        }
        let terrain = Terrain::in_folder(&folder).unwrap();
        let mut heights = terrain.heights();
        assert_eq!(heights.height_m(47.5, 8.5), Some(400.0));
        assert_eq!(heights.height_m(47.5, 9.5), Some(500.0));
        assert_eq!(heights.height_m(-0.5, -0.5), Some(7.0));
        // No tile, and one that cannot be read.
        assert_eq!(heights.height_m(10.5, 10.5), None);
        assert_eq!(heights.height_m(48.5, 8.5), None);
        assert_eq!(heights.height_m(47.5, 8.5), Some(400.0));
        assert_eq!(heights.read, 4);
        assert!(Terrain::default().is_empty() && !terrain.is_empty());
        fs::remove_dir_all(&folder).unwrap();
    }
}
