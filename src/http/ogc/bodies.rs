//! What the answers below `/ogc` consist of, as the standard wants it.

use serde::Serialize;
use serde_json::Value;

/// Where something is.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OgcLink)]
pub(in crate::http) struct LinkBody {
    pub(super) href: String,
    /// What it is to this answer, by its name in a registry.
    pub(super) rel: &'static str,
    /// What it is written in.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) title: &'static str,
}

/// The page that leads to everything.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OgcLanding)]
pub(super) struct LandingBody {
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) links: Vec<LinkBody>,
}

/// What this conforms to.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OgcConformance)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConformanceBody {
    pub(super) conforms_to: &'static [&'static str],
}

/// The collections there are.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OgcCollections)]
pub(super) struct CollectionsBody {
    pub(super) links: Vec<LinkBody>,
    pub(super) collections: Vec<CollectionBody>,
}

/// A collection of features.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OgcCollection)]
#[serde(rename_all = "camelCase")]
pub(super) struct CollectionBody {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    /// `feature`.
    pub(super) item_type: &'static str,
    /// In which coordinates one may ask and be answered.
    pub(super) crs: Vec<&'static str>,
    pub(super) extent: ExtentBody,
    pub(super) links: Vec<LinkBody>,
}

/// How far a collection reaches.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OgcExtent)]
pub(super) struct ExtentBody {
    pub(super) spatial: SpatialBody,
}

/// How far it reaches in space.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OgcSpatialExtent)]
pub(super) struct SpatialBody {
    /// West, south, east and north, in degrees.
    pub(super) bbox: Vec<Vec<f64>>,
    pub(super) crs: &'static str,
}

/// A page of features.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OgcFeatures)]
#[serde(rename_all = "camelCase")]
pub(super) struct FeaturesBody<P> {
    /// `FeatureCollection`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) number_returned: usize,
    pub(super) features: Vec<FeatureBody<P>>,
    /// To this page, and to the next one if there is one.
    pub(super) links: Vec<LinkBody>,
}

/// A feature of GeoJSON (RFC 7946).
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OgcFeature)]
pub(in crate::http) struct FeatureBody<P> {
    /// `Feature`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) id: String,
    // Not at the end: of a sequence whose last feature ends with a list GDAL 3.6 passes over that feature.
    pub(super) links: Vec<LinkBody>,
    /// A `MultiLineString` or a `Point`: longitude before latitude, in degrees on WGS 84.
    #[schema(value_type = Object)]
    pub(super) geometry: Value,
    pub(super) properties: P,
}
