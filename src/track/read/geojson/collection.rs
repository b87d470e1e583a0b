//! Gathers the features of a text: lines and waypoints.

use crate::track::columns::MISSING;
use crate::track::read::activities::Line;
use crate::track::read::flaws::Flaws;
use crate::track::read::{LINES_MAX, POINTS_MAX, TOO_MANY_LINES, TOO_MANY_POINTS, WAYPOINTS_MAX};
use crate::track::reading::{Rule, Waypoint};

use super::coordinates::read_coordinates;
use super::feature::{Feature, Kind};
use super::json::{Json, Stop};
use super::shape::Shape;

/// How deep features and geometries may lie in each other.
const DEPTH_MAX: usize = 32;
const TOO_DEEP: &str = "has features or geometries nested more than 32 deep";

/// What was found so far.
#[derive(Default)]
pub(super) struct Collection {
    /// Whether any object says that it is one of GeoJSON's.
    pub(super) is_geojson: bool,
    /// The features with lines.
    pub(super) lines: Vec<Line>,
    /// The features with a point.
    pub(super) waypoints: Vec<Waypoint>,
    /// What was unsound.
    pub(super) flaws: Flaws,
    points: usize,
}

/// The coordinates of an object, and what its `type` says they are.
#[derive(Default)]
struct Geometry {
    kind: Option<Kind>,
    shape: Shape,
}

impl Collection {
    /// Reads a feature, a collection of them or a geometry. What came before a text breaks off is
    /// kept.
    pub(super) fn read(&mut self, json: &mut Json<'_>, depth: usize) -> Result<(), Stop> {
        let mut feature = Feature::default();
        let outcome = self.read_object(&mut feature, json, depth);
        self.finish(feature, json.offset())?;
        outcome
    }

    /// Reads an object into the feature it belongs to. Which of the three it is does not matter
    /// until its end, where its `type` may stand.
    fn read_object(
        &mut self,
        feature: &mut Feature,
        json: &mut Json<'_>,
        depth: usize,
    ) -> Result<(), Stop> {
        if DEPTH_MAX < depth {
            return Err(Stop::Refused(TOO_DEEP));
        }
        let mut geometry = Geometry::default();
        let outcome = self.read_members(feature, &mut geometry, json, depth);
        self.is_geojson |= geometry.kind.is_some();
        feature.add(geometry.kind.unwrap_or(Kind::Other), geometry.shape);
        if POINTS_MAX < self.points + feature.lines.len() {
            return Err(Stop::Refused(TOO_MANY_POINTS));
        }
        outcome
    }

    fn read_members(
        &mut self,
        feature: &mut Feature,
        geometry: &mut Geometry,
        json: &mut Json<'_>,
        depth: usize,
    ) -> Result<(), Stop> {
        if !json.enter(b'{')? {
            return Ok(());
        }
        while let Some(key) = json.key()? {
            match &*key {
                "type" => geometry.kind = json.atom()?.and_then(|name| Kind::of(&name)),
                "coordinates" => {
                    geometry.shape = Shape::default();
                    read_coordinates(&mut geometry.shape, json, &mut self.flaws, 0)?;
                }
                "geometry" => self.read_object(feature, json, depth + 1)?,
                "geometries" if json.enter(b'[')? => {
                    while json.element()? {
                        self.read_object(feature, json, depth + 1)?;
                    }
                }
                "features" if json.enter(b'[')? => {
                    while json.element()? {
                        self.read(json, depth + 1)?;
                    }
                }
                "geometries" | "features" => {}
                "properties" => feature.read_properties(json, &mut self.flaws)?,
                _ => json.skip()?,
            }
        }
        Ok(())
    }

    fn finish(&mut self, feature: Feature, offset: usize) -> Result<(), Stop> {
        if feature.lines.len() == 0 {
            self.add_waypoint(feature, offset);
            return Ok(());
        }
        let columns = feature.lines.into_columns(feature.series, offset, &mut self.flaws);
        if columns.is_empty() {
            return Ok(());
        }
        if LINES_MAX <= self.lines.len() {
            return Err(Stop::Refused(TOO_MANY_LINES));
        }
        self.points += columns.len();
        let Feature { title, description, sport, .. } = feature;
        self.lines.push(Line { title, description, sport, columns });
        Ok(())
    }

    fn add_waypoint(&mut self, feature: Feature, offset: usize) {
        let Some((lat_e7, lon_e7, elevation_dm)) = feature.point.and_then(|point| point.first())
        else {
            return;
        };
        if WAYPOINTS_MAX <= self.waypoints.len() {
            return self.flaws.note(Rule::TooManyWaypoints, offset);
        }
        self.waypoints.push(Waypoint {
            lat_e7,
            lon_e7,
            elevation_dm: Some(elevation_dm).filter(|elevation_dm| *elevation_dm != MISSING),
            name: feature.title,
            description: feature.description,
            symbol: feature.symbol,
        });
    }
}
