//! One feature: a geometry, and the properties that tell what it is.

use crate::domain::Sport;
use crate::track::read::flaws::Flaws;
use crate::track::read::sports::sport;

use super::json::{Json, Stop};
use super::series::Series;
use super::shape::Shape;

/// What is known of a feature.
#[derive(Default)]
pub(super) struct Feature {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) symbol: Option<String>,
    pub(super) sport: Option<Sport>,
    /// The lines of its geometries.
    pub(super) lines: Shape,
    /// The first point among its geometries.
    pub(super) point: Option<Shape>,
    /// What its properties tell about each position.
    pub(super) series: Series,
}

/// What the `type` of an object tells about its coordinates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One line or several.
    Line,
    /// A place.
    Point,
    /// Areas and clouds of points, which no track is made of, and what holds other objects.
    Other,
}

impl Kind {
    /// The kind of a `type`. `None` where it is no word of GeoJSON.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "LineString" | "MultiLineString" => Self::Line,
            "Point" => Self::Point,
            "MultiPoint" | "Polygon" | "MultiPolygon" | "Feature" | "FeatureCollection"
            | "GeometryCollection" => Self::Other,
            _ => return None,
        })
    }
}

impl Feature {
    /// Takes in the coordinates of a geometry. Those of areas and of clouds of points are dropped.
    pub(super) fn add(&mut self, kind: Kind, shape: Shape) {
        match kind {
            Kind::Line => self.lines.append(shape),
            Kind::Point => self.point = self.point.take().or(Some(shape)),
            Kind::Other => {}
        }
    }

    /// Reads the properties: the names that togeojson, its imitators and our own writer use.
    pub(super) fn read_properties(
        &mut self,
        json: &mut Json<'_>,
        flaws: &mut Flaws,
    ) -> Result<(), Stop> {
        if !json.enter(b'{')? {
            return Ok(());
        }
        while let Some(key) = json.key()? {
            match &*key {
                "name" | "title" => keep(&mut self.title, json)?,
                "desc" | "description" => keep(&mut self.description, json)?,
                "sym" | "symbol" | "marker-symbol" => keep(&mut self.symbol, json)?,
                "type" | "sport" | "activity" => {
                    let told = json.atom()?;
                    self.sport = self.sport.or(told.and_then(|told| sport(&told)));
                }
                "coordinateProperties" => {
                    if json.enter(b'{')? {
                        while let Some(key) = json.key()? {
                            self.series.read(&key, json, flaws)?;
                        }
                    }
                }
                _ => self.series.read(&key, json, flaws)?,
            }
        }
        Ok(())
    }
}

/// Keeps the first text that is not empty.
fn keep(text: &mut Option<String>, json: &mut Json<'_>) -> Result<(), Stop> {
    let found = json.atom()?.filter(|found| !found.trim().is_empty());
    *text = text.take().or(found.map(Into::into));
    Ok(())
}
