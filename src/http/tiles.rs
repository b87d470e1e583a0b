//! `/tiles`: what is published, as a map draws it. The same for everyone: it knows the commons and nothing
//! else.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::problem::{Body, Problem};
use super::session::Now;
use crate::db::Commons;
use crate::db::commons::{HEAT_ZOOM_MAX, HEAT_ZOOM_MIN, LINES_FROM_ZOOM, Tile, ZOOM_MAX};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(description)
        .service(style)
        .service(tile)
        .service(heat)
        .service(heat_description);
}

/// Where this server is reached, without a slash at the end: for links in answers.
pub struct PublicUrl(pub String);

/// Which version of TileJSON it is.
const TILE_JSON: &str = "3.0.0";
const MEDIA_TYPE: &str = "application/vnd.mapbox-vector-tile";

/// A set of tiles (TileJSON 3.0).
#[derive(Serialize, utoipa::ToSchema)]
struct TileJson {
    tilejson: &'static str,
    name: &'static str,
    description: &'static str,
    /// What a map has to say beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribution: Option<&'static str>,
    /// Where a tile is, with `{z}`, `{x}` and `{y}` for its place.
    tiles: [String; 1],
    minzoom: u8,
    maxzoom: u8,
    vector_layers: Vec<LayerBody>,
}

/// A layer of the tiles.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TileLayer)]
struct LayerBody {
    id: &'static str,
    minzoom: u8,
    maxzoom: u8,
    /// What a feature of it has, and of which type.
    fields: BTreeMap<&'static str, &'static str>,
}

/// A vector tile (Mapbox Vector Tile 2.1). Up to zoom level 8 the layer `starts` counts where lines start
/// (one that ends by itself for a minute longer);
/// from 9 on the layer `activities` has lines with `id`, `title`, `sport`, `kind`, `day`, `distance_m` and
/// `author`: the longest, roughly, where there are more than 250, and from zoom level 11 on more than 1,000.
#[utoipa::path(tag = "explore",
    params(
        ("z" = u8, Path, minimum = 0, maximum = 18), ("x" = u32, Path, description = "From the west."),
        ("y" = u32, Path, description = "From the north."),
    ),
    responses(
        (status = 200, content_type = "application/vnd.mapbox-vector-tile", body = Vec<u8>), (status = 304),
        (status = 404, body = Body),
    ))]
#[get("/tiles/{z}/{x}/{y}.mvt")]
async fn tile(
    path: web::Path<(u8, u32, u32)>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let (zoom, x, y) = path.into_inner();
    let tile = Tile::new(zoom, x, y).ok_or(Problem::NotFound)?;
    let content = commons.tile(tile, now).await?;
    Ok(answer::content(&request, Keep::Everyone, MEDIA_TYPE, content))
}

/// A vector tile of where many go, of zoom levels 4 to 14: the layer `heat` has squares that published recordings of
/// at least five members pass through, who all agreed to that, with `members`: 5, 10, 20, 50, 100 or 1,000 at
/// least. It is made anew once a day.
#[utoipa::path(tag = "explore",
    params(
        ("z" = u8, Path, minimum = 4, maximum = 14), ("x" = u32, Path, description = "From the west."),
        ("y" = u32, Path, description = "From the north."),
    ),
    responses(
        (status = 200, content_type = "application/vnd.mapbox-vector-tile", body = Vec<u8>), (status = 304),
        (status = 404, body = Body),
    ))]
#[get("/tiles/heat/{z}/{x}/{y}.mvt")]
async fn heat(
    path: web::Path<(u8, u32, u32)>,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let (zoom, x, y) = path.into_inner();
    let place = Tile::new(zoom, x, y).ok_or(Problem::NotFound)?;
    if !(HEAT_ZOOM_MIN..=HEAT_ZOOM_MAX).contains(&zoom) {
        return Err(Problem::NotFound);
    }
    let content = commons.heat_tile(place).await?;
    Ok(answer::content(&request, Keep::Everyone, MEDIA_TYPE, content))
}

/// What the tiles hold, as TileJSON 3.0.
#[utoipa::path(tag = "explore", responses((status = 200, body = TileJson), (status = 304)))]
#[get("/tiles/tiles.json")]
async fn description(
    request: HttpRequest,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    answer::json(&request, Keep::Everyone, &tile_json(&url))
}

/// What the tiles of where many go hold, as TileJSON 3.0.
#[utoipa::path(tag = "explore", responses((status = 200, body = TileJson), (status = 304)))]
#[get("/tiles/heat.json")]
async fn heat_description(
    request: HttpRequest,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let told = TileJson {
        tilejson: TILE_JSON,
        name: "OpenTracks: where many go",
        description: "Where at least five members go who agreed to be counted",
        attribution: None,
        tiles: [format!("{}/tiles/heat/{{z}}/{{x}}/{{y}}.mvt", url.0)],
        minzoom: HEAT_ZOOM_MIN,
        maxzoom: HEAT_ZOOM_MAX,
        vector_layers: vec![LayerBody {
            id: "heat",
            minzoom: HEAT_ZOOM_MIN,
            maxzoom: HEAT_ZOOM_MAX,
            fields: BTreeMap::from([("members", "Number")]),
        }],
    };
    answer::json(&request, Keep::Everyone, &told)
}

/// A style for MapLibre, on a plain background: no other host is asked for anything.
#[utoipa::path(tag = "explore", responses((status = 200, body = Object), (status = 304)))]
#[get("/tiles/style.json")]
async fn style(request: HttpRequest, url: web::Data<PublicUrl>) -> Result<HttpResponse, Problem> {
    let style = json!({
        "version": 8,
        "name": "OpenTracks",
        "sources": {
            "opentracks": { "type": "vector", "url": format!("{}/tiles/tiles.json", url.0) },
            "heat": { "type": "vector", "url": format!("{}/tiles/heat.json", url.0) },
        },
        "layers": [
            { "id": "background", "type": "background", "paint": { "background-color": "#f4f1ea" } },
            {
                "id": "heat", "type": "fill", "source": "heat", "source-layer": "heat",
                "paint": {
                    "fill-color": "#d99a2b",
                    "fill-opacity": ["interpolate", ["linear"], ["log10", ["get", "members"]], 0.7, 0.15, 3, 0.6],
                },
            },
            {
                "id": "starts", "type": "circle", "source": "opentracks", "source-layer": "starts",
                "paint": {
                    "circle-color": "#b3432b",
                    "circle-opacity": 0.7,
                    "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "activities"]], 1, 3, 30, 18],
                },
            },
            {
                "id": "activities", "type": "line", "source": "opentracks", "source-layer": "activities",
                "layout": { "line-cap": "round", "line-join": "round" },
                "paint": {
                    "line-color": ["match", ["get", "kind"], "planned", "#2b6cb3", "#b3432b"],
                    "line-width": ["interpolate", ["linear"], ["zoom"], 9, 1, 16, 4],
                    "line-opacity": 0.8,
                },
            },
        ],
    });
    answer::json(&request, Keep::Everyone, &style)
}

fn tile_json(url: &PublicUrl) -> TileJson {
    let text = "String";
    TileJson {
        tilejson: TILE_JSON,
        name: "OpenTracks",
        description: "Published activities",
        attribution: Some("Each line belongs to the author it names"),
        tiles: [format!("{}/tiles/{{z}}/{{x}}/{{y}}.mvt", url.0)],
        minzoom: 0,
        maxzoom: ZOOM_MAX,
        vector_layers: vec![
            LayerBody {
                id: "starts",
                minzoom: 0,
                maxzoom: LINES_FROM_ZOOM - 1,
                fields: BTreeMap::from([("activities", "Number")]),
            },
            LayerBody {
                id: "activities",
                minzoom: LINES_FROM_ZOOM,
                maxzoom: ZOOM_MAX,
                fields: BTreeMap::from([
                    ("id", text),
                    ("title", text),
                    ("sport", text),
                    ("kind", text),
                    ("day", text),
                    ("distance_m", "Number"),
                    ("author", text),
                ]),
            },
        ],
    }
}
