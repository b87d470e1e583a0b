//! Every route that there is, and by which rule of the policy it answers.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Caller, northward_gpx};

/// By which rule a route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// What others may read of an activity, found by its id.
    Rendition,
    /// What members say of what is published; `reviews.rs` has its tables.
    Reviews,
    /// The pixels of a photo of an activity: the same for all who see it, its owner too.
    Pixels,
    /// What its owner alone reads of an activity, or does to it.
    OwnersOnly,
    /// An id that a client makes; once used it is taken for good.
    MadeId,
    /// What a link opens, with its children.
    ByLink,
    /// The password of a link; these links have none.
    Unlock,
    /// What is found without knowing it.
    Search,
    /// What an account has, by its id: a zone, a session, an archive.
    OwnThing,
    /// A member's own; nobody is told of another's.
    Members,
    /// What goes on in a community; `communities.rs` has its table.
    Community,
    /// A member as others see them, and what they publish.
    Profile,
    /// What is published, the same for all who ask.
    Reuse,
    /// The same for all.
    Open,
}

use Class::{
    ByLink, Community, MadeId, Members, Open, OwnThing, OwnersOnly, Pixels, Profile, Rendition,
    Reuse, Reviews, Search, Unlock,
};

/// A route without a row fails: say here by which rule it answers, and if it names something new, let
/// `Piece::path()` know how. A rule that is missing needs a table of its own in `mod.rs`, written by hand.
pub const ROUTES: &[(&str, &str, Class)] = &[
    ("get", "/api/v1/activities/{id}", Rendition),
    ("get", "/api/v1/activities/{id}/track.{format}", Rendition),
    ("get", "/api/v1/activities/{id}/preview.{format}", Rendition),
    ("get", "/api/v1/activities/{id}/profile", Rendition),
    ("get", "/api/v1/activities/{id}/analysis", Rendition),
    ("get", "/api/v1/activities/{id}/original", OwnersOnly),
    ("get", "/api/v1/activities/{id}/communities", OwnersOnly),
    ("get", "/api/v1/activities/{id}/links", OwnersOnly),
    ("patch", "/api/v1/activities/{id}", OwnersOnly),
    ("delete", "/api/v1/activities/{id}", OwnersOnly),
    ("put", "/api/v1/activities/{id}/track", OwnersOnly),
    ("post", "/api/v1/activities/{id}/crop", OwnersOnly),
    ("post", "/api/v1/activities/{id}/elevation", OwnersOnly),
    ("post", "/api/v1/activities/{id}/split", OwnersOnly),
    ("post", "/api/v1/activities/{id}/merge", OwnersOnly),
    ("post", "/api/v1/activities/{id}/reverse", OwnersOnly),
    ("post", "/api/v1/activities/{id}/points/remove", OwnersOnly),
    ("post", "/api/v1/activities/{id}/publish", OwnersOnly),
    ("post", "/api/v1/activities/{id}/unpublish", OwnersOnly),
    ("put", "/api/v1/activities/{id}/communities/{community}", OwnersOnly),
    ("delete", "/api/v1/activities/{id}/communities/{community}", OwnersOnly),
    ("post", "/api/v1/activities/{id}/links", OwnersOnly),
    ("post", "/api/v1/activities/{id}/links/{link}/rotate", OwnersOnly),
    ("delete", "/api/v1/activities/{id}/links/{link}", OwnersOnly),
    ("get", "/api/v1/activities/{id}/photos", Rendition),
    ("get", "/api/v1/photos/{id}", Rendition),
    ("get", "/api/v1/photos/{id}/{size}.jpg", Pixels),
    ("get", "/api/v1/photos/{id}/original", OwnersOnly),
    ("patch", "/api/v1/photos/{id}", OwnersOnly),
    ("delete", "/api/v1/photos/{id}", OwnersOnly),
    ("post", "/api/v1/activities/{id}/photos", OwnersOnly),
    ("get", "/api/v1/activities/{id}/reviews", Reviews),
    ("post", "/api/v1/activities/{id}/reviews", Reviews),
    ("delete", "/api/v1/activities/{id}/reviews/{review}", Reviews),
    ("get", "/api/v1/shared/{token}/photos", ByLink),
    ("get", "/api/v1/shared/{token}/photos/{photo}", ByLink),
    ("get", "/api/v1/shared/{token}/photos/{photo}/{size}.jpg", ByLink),
    ("put", "/api/v1/activities/{id}", MadeId),
    ("get", "/api/v1/shared/{token}", ByLink),
    ("get", "/api/v1/shared/{token}/track.{format}", ByLink),
    ("get", "/api/v1/shared/{token}/preview.{format}", ByLink),
    ("get", "/api/v1/shared/{token}/profile", ByLink),
    ("get", "/api/v1/shared/{token}/analysis", ByLink),
    ("get", "/s/{token}", ByLink),
    ("post", "/s/{token}", ByLink),
    ("post", "/api/v1/shared/{token}/unlock", Unlock),
    ("post", "/api/v1/explore/nearby", Search),
    ("post", "/api/v1/explore/along", Search),
    ("get", "/api/v1/explore/search", Search),
    ("get", "/tiles/{z}/{x}/{y}.mvt", Reuse),
    ("get", "/ogc/collections/activities/items", Reuse),
    ("get", "/ogc/collections/activities/items/{id}", Reuse),
    ("get", "/open-data/activities.geojsons", Reuse),
    ("get", "/open-data/activities.fgb", Reuse),
    ("get", "/ogc/collections/waypoints/items", Reuse),
    ("get", "/ogc/collections/waypoints/items/{id}", Reuse),
    ("get", "/tiles/heat/{z}/{x}/{y}.mvt", Open),
    ("get", "/tiles/heat.json", Open),
    ("get", "/tiles/tiles.json", Open),
    ("get", "/tiles/style.json", Open),
    ("get", "/open-data", Open),
    ("get", "/open-data/withdrawn", Open),
    ("get", "/ogc", Open),
    ("get", "/ogc/api", Open),
    ("get", "/ogc/conformance", Open),
    ("get", "/ogc/collections", Open),
    ("get", "/ogc/collections/activities", Open),
    ("get", "/ogc/collections/waypoints", Open),
    ("get", "/api/v1/me/zones/{id}", OwnThing),
    ("delete", "/api/v1/me/zones/{id}", OwnThing),
    ("delete", "/api/v1/me/sessions/{id}", OwnThing),
    ("get", "/api/v1/me/exports/{id}", OwnThing),
    ("get", "/api/v1/me/exports/{id}/archive", OwnThing),
    ("delete", "/api/v1/me/exports/{id}", OwnThing),
    ("get", "/api/v1/me/imports/{id}", OwnThing),
    ("delete", "/api/v1/me/imports/{id}", OwnThing),
    // After the others: it makes one.
    ("put", "/api/v1/me/zones/{id}", OwnThing),
    ("get", "/api/v1/me", Members),
    ("patch", "/api/v1/me", Members),
    ("get", "/api/v1/me/activities", Members),
    ("get", "/api/v1/me/sessions", Members),
    ("get", "/api/v1/me/zones", Members),
    ("post", "/api/v1/me/zones", Members),
    ("post", "/api/v1/me/visibility", Members),
    ("post", "/api/v1/activities", Members),
    ("post", "/api/v1/communities", Members),
    ("get", "/api/v1/me/consents", Members),
    ("put", "/api/v1/me/consents/{consent}", Members),
    ("get", "/api/v1/me/access-log", Members),
    ("get", "/api/v1/me/exports", Members),
    ("post", "/api/v1/me/exports", Members),
    ("get", "/api/v1/me/imports", Members),
    ("post", "/api/v1/me/imports", Members),
    ("get", "/api/v1/me/reviews", Members),
    ("get", "/api/v1/me/blocks", Members),
    ("put", "/api/v1/me/blocks/{member}", Members),
    ("delete", "/api/v1/me/blocks/{member}", Members),
    ("put", "/api/v1/me/password", Members),
    ("put", "/api/v1/me/email", Members),
    ("post", "/api/v1/me/email/confirmation", Members),
    ("get", "/api/v1/me/restriction", Members),
    ("put", "/api/v1/me/restriction", Members),
    ("delete", "/api/v1/me/restriction", Members),
    ("put", "/api/v1/me/picture", Members),
    ("get", "/api/v1/me/picture", Members),
    ("delete", "/api/v1/me/picture", Members),
    ("delete", "/api/v1/me", Members),
    ("get", "/api/v1/me/deletion", Members),
    ("post", "/api/v1/me/deletion/code", Members),
    // After the others: with it their sessions end.
    ("post", "/api/v1/auth/logout", Members),
    ("get", "/api/v1/communities/{id}", Community),
    ("patch", "/api/v1/communities/{id}", Community),
    ("delete", "/api/v1/communities/{id}", Community),
    ("get", "/api/v1/communities/{id}/members", Community),
    ("patch", "/api/v1/communities/{id}/members/{member}", Community),
    ("delete", "/api/v1/communities/{id}/members/{member}", Community),
    ("post", "/api/v1/communities/{id}/requests", Community),
    ("get", "/api/v1/communities/{id}/requests", Community),
    ("put", "/api/v1/communities/{id}/requests/{member}", Community),
    ("delete", "/api/v1/communities/{id}/requests/{member}", Community),
    ("get", "/api/v1/communities/{id}/bans", Community),
    ("get", "/api/v1/communities/{id}/bans/{member}", Community),
    ("put", "/api/v1/communities/{id}/bans/{member}", Community),
    ("delete", "/api/v1/communities/{id}/bans/{member}", Community),
    ("get", "/api/v1/communities/{id}/activities", Community),
    ("delete", "/api/v1/communities/{id}/activities/{activity}", Community),
    ("get", "/api/v1/communities/{id}/picture", Community),
    ("put", "/api/v1/communities/{id}/picture", Community),
    ("delete", "/api/v1/communities/{id}/picture", Community),
    ("get", "/api/v1/members/{id}/picture", Profile),
    ("get", "/api/v1/members/{id}", Profile),
    ("get", "/api/v1/members/{id}/activities", Profile),
    ("get", "/api/v1/communities", Open),
    ("get", "/health/live", Open),
    ("get", "/health/ready", Open),
    ("get", "/privacy", Open),
    ("get", "/openapi.json", Open),
    ("get", "/api/v1/methods", Open),
    ("post", "/api/v1/diagnostics", Open),
    ("post", "/api/v1/auth/register", Open),
    ("post", "/api/v1/auth/verify", Open),
    ("post", "/api/v1/auth/login", Open),
    ("post", "/api/v1/auth/refresh", Open),
    ("post", "/api/v1/auth/password/forgot", Open),
    ("post", "/api/v1/auth/password/reset", Open),
    ("post", "/api/v1/auth/undo-deletion", Open),
];

/// The formats of a line.
const FORMATS: [&str; 5] = ["geojson", "gpx", "tcx", "kml", "csv"];

/// The formats of a picture of it.
const PICTURES: [&str; 2] = ["svg", "png"];

/// The routes of a class; one that has formats once for each.
pub fn of(class: Class) -> Vec<(Method, String)> {
    let rows = ROUTES.iter().filter(|(.., of)| *of == class);
    let each = rows.flat_map(|(method, path, _)| {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let formats = match path.rsplit('/').next() {
            Some("track.{format}") => &FORMATS[..],
            Some("preview.{format}") => &PICTURES,
            _ => &[""],
        };
        formats.iter().map(move |format| {
            (method.clone(), path.replace("{format}", format).replace("{size}", "medium"))
        })
    });
    each.collect()
}

/// A call that would do what the route is for. Its owner asks for a version that never was, so that
/// being let in changes nothing.
pub fn call(
    caller: &Caller<'_>,
    is_owner: bool,
    method: &Method,
    route: &str,
    path: &str,
) -> RequestBuilder {
    let request = caller.request(method.clone(), path);
    let request = if is_owner { request.header("If-Match", "\"0\"") } else { request };
    let body = match (method.as_str(), route.rsplit('/').next().unwrap_or_default()) {
        ("PUT", "track" | "{id}") if route.contains("/activities/") => {
            let file = Part::bytes(northward_gpx(8.6, 47.4, 200)).file_name("track.gpx");
            let form = Form::new().part("file", file);
            let is_new = !route.ends_with("/track");
            return request.multipart(if is_new { form.text("metadata", "{}") } else { form });
        }
        ("POST", "photos") => {
            let file = Part::bytes(crate::pictures::jpeg(30, 20)).file_name("photo.jpg");
            return request.multipart(Form::new().part("file", file));
        }
        ("PATCH", _) if route.contains("/photos/") => json!({ "caption": "Mine" }),
        ("PUT", _) if route.contains("/zones/") => {
            json!({ "label": "Mine", "position": [10.0, 50.0], "radius_m": 300 })
        }
        ("PATCH", _) => json!({ "title": "Mine" }),
        ("POST", "{token}") => {
            let kind = "application/x-www-form-urlencoded";
            return request.header("Content-Type", kind).body("password=brook");
        }
        ("POST", "unlock") => json!({ "password": "brook" }),
        ("POST", "crop") => json!({ "from_index": 0, "to_index": 9 }),
        ("POST", "split") => json!({ "at_index": 9 }),
        ("POST", "merge") => json!({ "with": Uuid::nil() }),
        ("POST", "remove") => json!({ "indices": [0] }),
        ("POST", "publish" | "links") => json!({}),
        ("POST", "reviews") => json!({ "rating": 2 }),
        _ => return request,
    };
    request.json(&body)
}
