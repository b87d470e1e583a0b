//! Features as FlatGeobuf (version 3), written as they come: without an index, and without knowing how many
//! there will be. The format allows for both.

use flatbuffers::FlatBufferBuilder;
use flatgeobuf::{
    Column, ColumnArgs, ColumnType, Crs, CrsArgs, FeatureArgs, Geometry, GeometryArgs,
    GeometryType, Header, HeaderArgs,
};
use serde_json::Value;

use crate::db::commons::Feature;
use crate::domain::OPEN_DATA_TERMS;
use crate::http::problem::Problem;

/// What a file begins with.
const MAGIC: [u8; 8] = *b"fgb\x03fgb\x00";
/// WGS 84. In this format longitude always comes first.
const EPSG_4326: i32 = 4326;
/// `features_count` of a file that does not tell.
const UNKNOWN: u64 = 0;
/// `index_node_size` of a file without an index.
const NO_INDEX: u16 = 0;

/// What is told of each activity.
const COLUMNS: [(&str, ColumnType); 11] = [
    ("id", ColumnType::String),
    ("title", ColumnType::String),
    ("description", ColumnType::String),
    ("kind", ColumnType::String),
    ("sport", ColumnType::String),
    ("day", ColumnType::String),
    ("author", ColumnType::String),
    ("author_id", ColumnType::String),
    ("distance_m", ColumnType::Double),
    ("ascent_m", ColumnType::Double),
    ("moving_s", ColumnType::Double),
];

/// What stands before the features.
pub(super) fn head() -> Vec<u8> {
    let builder = &mut FlatBufferBuilder::new();
    let columns = COLUMNS.map(|(name, type_)| {
        let name = Some(builder.create_string(name));
        Column::create(builder, &ColumnArgs { name, type_, ..ColumnArgs::default() })
    });
    let crs = CrsArgs { code: EPSG_4326, ..CrsArgs::default() };
    let header = HeaderArgs {
        name: Some(builder.create_string("activities")),
        description: Some(builder.create_string(OPEN_DATA_TERMS)),
        columns: Some(builder.create_vector(&columns)),
        crs: Some(Crs::create(builder, &crs)),
        geometry_type: GeometryType::MultiLineString,
        features_count: UNKNOWN,
        index_node_size: NO_INDEX,
        ..HeaderArgs::default()
    };
    let header = Header::create(builder, &header);
    builder.finish_size_prefixed(header, None);
    [&MAGIC, builder.finished_data()].concat()
}

/// Features, one behind the other.
pub(super) fn features(features: &[Feature]) -> Result<Vec<u8>, Problem> {
    let mut content = Vec::new();
    let mut builder = FlatBufferBuilder::new();
    for feature in features {
        let unfit = || Problem::Internal("commons.published.line".to_owned());
        let (positions, ends) = parts(&feature.line).ok_or_else(unfit)?;
        builder.reset();
        let geometry = GeometryArgs {
            xy: Some(builder.create_vector(&positions)),
            ends: Some(builder.create_vector(&ends)),
            ..GeometryArgs::default()
        };
        let args = FeatureArgs {
            geometry: Some(Geometry::create(&mut builder, &geometry)),
            properties: Some(builder.create_vector(&properties(feature))),
            ..FeatureArgs::default()
        };
        let feature = flatgeobuf::Feature::create(&mut builder, &args);
        builder.finish_size_prefixed(feature, None);
        content.extend_from_slice(builder.finished_data());
    }
    Ok(content)
}

/// The positions of a `MultiLineString`, longitude before latitude, and after how many of them each part ends.
fn parts(line: &Value) -> Option<(Vec<f64>, Vec<u32>)> {
    let (mut positions, mut ends) = (Vec::new(), Vec::new());
    for part in line.get("coordinates")?.as_array()? {
        for position in part.as_array()? {
            positions.extend([position.get(0)?.as_f64()?, position.get(1)?.as_f64()?]);
        }
        ends.push(u32::try_from(positions.len() / 2).ok()?);
    }
    Some((positions, ends))
}

/// The number of each column that has a value, and the value: of [`COLUMNS`], in their order.
fn properties(feature: &Feature) -> Vec<u8> {
    let rendition = &feature.rendition;
    let (author, statistics) = (rendition.author.as_ref(), &rendition.statistics);
    let text = |text: &str| Some(text.to_owned());
    let texts = [
        Some(rendition.id.to_string()),
        text(rendition.title.as_str()),
        rendition.description.as_ref().map(|words| words.as_str().to_owned()),
        text(rendition.kind.name()),
        text(rendition.sport.name()),
        rendition.day.map(|day| day.to_string()),
        author.map(|author| author.public_name.as_str().to_owned()),
        author.map(|author| author.id.to_string()),
    ];
    let numbers = [Some(statistics.distance_m), statistics.ascent_m, statistics.moving_s];
    let mut content = Vec::new();
    let mut columns = 0_u16..;
    for (value, column) in texts.iter().zip(&mut columns) {
        let Some(value) = value else { continue };
        let Ok(bytes) = u32::try_from(value.len()) else { continue };
        content.extend(column.to_le_bytes());
        content.extend(bytes.to_le_bytes());
        content.extend(value.as_bytes());
    }
    for (value, column) in numbers.iter().zip(&mut columns) {
        let Some(value) = value else { continue };
        content.extend(column.to_le_bytes());
        content.extend(value.to_le_bytes());
    }
    content
}
