//! The coordinates of a geometry.

use crate::track::columns::MISSING;
use crate::track::read::flaws::Flaws;
use crate::track::read::{POINTS_MAX, TOO_MANY_POINTS, number};
use crate::track::reading::Rule;

use super::json::{Json, Stop};
use super::shape::Shape;

/// How deep the lists of coordinates may lie in each other: a multi-polygon has four.
const LEVELS_MAX: usize = 4;

/// Reads coordinates, whatever the geometry: lists that hold numbers are positions, and each list
/// of positions is a part.
pub(super) fn read_coordinates(
    shape: &mut Shape,
    json: &mut Json<'_>,
    flaws: &mut Flaws,
    level: usize,
) -> Result<(), Stop> {
    json.peek();
    let offset = json.offset();
    if LEVELS_MAX < level {
        return json.skip();
    }
    if !json.enter(b'[')? {
        check_room(shape)?;
        shape.push_unsound(offset);
        return Ok(());
    }
    if !json.element()? {
        return Ok(());
    }
    if json.peek() != Some(b'[') {
        return read_position(shape, json, flaws, offset);
    }
    loop {
        read_coordinates(shape, json, flaws, level + 1)?;
        if !json.element()? {
            shape.end_part();
            return Ok(());
        }
    }
}

/// Reads longitude, latitude and perhaps elevation, the bracket before them being behind.
fn read_position(
    shape: &mut Shape,
    json: &mut Json<'_>,
    flaws: &mut Flaws,
    offset: usize,
) -> Result<(), Stop> {
    let (mut lon_e7, mut lat_e7, mut elevation_dm) = (None, None, MISSING);
    for place in 0_usize.. {
        let value = json.atom()?;
        match (place, value) {
            (0, Some(text)) => lon_e7 = number::longitude_e7(&text),
            (1, Some(text)) => lat_e7 = number::latitude_e7(&text),
            (2, Some(text)) => {
                elevation_dm = number::elevation_dm(&text).unwrap_or_else(|| {
                    flaws.note(Rule::InvalidValue, offset);
                    MISSING
                });
            }
            _ => {}
        }
        if !json.element()? {
            break;
        }
    }
    check_room(shape)?;
    match lat_e7.zip(lon_e7) {
        Some((lat_e7, lon_e7)) => shape.push(lat_e7, lon_e7, elevation_dm),
        None => shape.push_unsound(offset),
    }
    Ok(())
}

/// Positions that are none take room too.
fn check_room(shape: &Shape) -> Result<(), Stop> {
    if POINTS_MAX <= shape.len() { Err(Stop::Refused(TOO_MANY_POINTS)) } else { Ok(()) }
}
