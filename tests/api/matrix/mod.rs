//! Who gets what: every route, for everybody who may ask, of an activity at each level. The tables are the
//! policy, written by hand; the routes come from the served contract.

mod cast;
mod communities;
mod knock;
mod reviews;
mod routes;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::archives::export;
use crate::explore::listed;
use crate::harness::{Caller, TestApp};
use crate::heard::Heard;
use cast::{Actor, Cast, State, unused};
use knock::Knock;
use routes::{Class, ROUTES, call};

/// What is told when a route is new.
const NO_ROW: &str = "have no row: add one for each to ROUTES in tests/api/matrix/routes.rs";

#[tokio::test(flavor = "multi_thread")]
async fn every_route_has_a_row() {
    let app = TestApp::start().await;
    let contract: Value = app.anyone().get("/openapi.json").await.json().await.unwrap();
    let served: BTreeSet<(&str, &str)> = contract["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| (method.as_str(), path.as_str()))
        })
        .collect();
    let listed: BTreeSet<(&str, &str)> =
        ROUTES.iter().map(|(method, path, _)| (*method, *path)).collect();
    let new: Vec<_> = served.difference(&listed).collect();
    assert!(new.is_empty(), "{new:?} {NO_ROW}");
    assert_eq!(
        listed.difference(&served).collect::<Vec<_>>(),
        Vec::<&(&str, &str)>::new(),
        "rows without a route"
    );
}

/// `own`: as its owner. `seen`: what others may see, to the byte what its owner was shown beforehand. `-`: the
/// answer for what never was, to the byte.
#[tokio::test(flavor = "multi_thread")]
async fn each_gets_what_the_policy_says_and_else_the_answer_for_nothing() {
    let app = TestApp::start().await;
    let cast = Cast::of(&app).await;
    let before = versions(&cast).await;
    let mut matrix = Matrix::default();
    for class in [
        Class::Rendition,
        Class::Pixels,
        Class::ByLink,
        Class::Unlock,
        Class::OwnersOnly,
        Class::MadeId,
    ] {
        for (method, route) in routes::of(class) {
            matrix.fill(class, &cast, &method, &route).await;
        }
    }
    assert_eq!(versions(&cast).await, before, "somebody changed something");
    matrix.tell();
    check_what_is_read_by_its_id(&matrix);
    check_what_is_looked_at(&matrix);
    check_what_is_read_by_a_link(&matrix);
    check_what_is_its_owners(&matrix);
    check_what_answers_consist_of(&matrix);
}

fn check_what_is_read_by_its_id(matrix: &Matrix) {
    insta::assert_snapshot!(matrix.table(Class::Rendition), @r"
                 Private Link Community Both Published All  Over Rezoned Withdrawn Deleted Restricted
    Anonymous    -       -    -         -    seen      seen -    -       -         -       -
    LinkHolder   -       -    -         -    seen      seen -    -       -         -       -
    Stranger     -       -    -         -    seen      seen -    -       -         -       -
    FormerMember -       -    -         -    seen      seen -    -       -         -       -
    Banned       -       -    -         -    seen      seen -    -       -         -       -
    Blocked      -       -    -         -    -         -    -    -       -         -       -
    Blocking     -       -    -         -    -         -    -    -       -         -       -
    Member       -       -    seen      seen seen      seen seen -       -         -       -
    Moderator    -       -    seen      seen seen      seen seen -       -         -       -
    Owner        own     own  own       own  own       own  own  own     own       -       own
    ");
}

fn check_what_is_looked_at(matrix: &Matrix) {
    insta::assert_snapshot!(matrix.table(Class::Pixels), @r"
                 Private Link Community Both Published All  Over Rezoned Withdrawn Deleted Restricted
    Anonymous    -       -    -         -    seen      seen -    -       -         -       -
    LinkHolder   -       -    -         -    seen      seen -    -       -         -       -
    Stranger     -       -    -         -    seen      seen -    -       -         -       -
    FormerMember -       -    -         -    seen      seen -    -       -         -       -
    Banned       -       -    -         -    seen      seen -    -       -         -       -
    Blocked      -       -    -         -    -         -    -    -       -         -       -
    Blocking     -       -    -         -    -         -    -    -       -         -       -
    Member       -       -    seen      seen seen      seen seen -       -         -       -
    Moderator    -       -    seen      seen seen      seen seen -       -         -       -
    Owner        seen    seen seen      seen seen      seen seen seen    seen      -       seen
    ");
}

fn check_what_is_read_by_a_link(matrix: &Matrix) {
    // A link is good for whoever holds it.
    insta::assert_snapshot!(matrix.table(Class::ByLink), @r"
                 Private Link Community Both Published All  Over Rezoned Withdrawn Deleted Restricted
    Anonymous    -       seen -         seen -         seen seen -       -         -       -
    LinkHolder   -       seen -         seen -         seen seen -       -         -       -
    Stranger     -       seen -         seen -         seen seen -       -         -       -
    FormerMember -       seen -         seen -         seen seen -       -         -       -
    Banned       -       seen -         seen -         seen seen -       -         -       -
    Blocked      -       seen -         seen -         seen seen -       -         -       -
    Blocking     -       seen -         seen -         seen seen -       -         -       -
    Member       -       seen -         seen -         seen seen -       -         -       -
    Moderator    -       seen -         seen -         seen seen -       -         -       -
    Owner        -       seen -         seen -         seen seen -       -         -       -
    ");
    // Where there is no password, none is right.
    insta::assert_snapshot!(matrix.table(Class::Unlock), @r"
                 Private Link Community Both Published All  Over Rezoned Withdrawn Deleted Restricted
    Anonymous    -       401! -         401! -         401! 401! -       -         -       -
    LinkHolder   -       401! -         401! -         401! 401! -       -         -       -
    Stranger     -       401! -         401! -         401! 401! -       -         -       -
    FormerMember -       401! -         401! -         401! 401! -       -         -       -
    Banned       -       401! -         401! -         401! 401! -       -         -       -
    Blocked      -       401! -         401! -         401! 401! -       -         -       -
    Blocking     -       401! -         401! -         401! 401! -       -         -       -
    Member       -       401! -         401! -         401! 401! -       -         -       -
    Moderator    -       401! -         401! -         401! 401! -       -         -       -
    Owner        -       401! -         401! -         401! 401! -       -         -       -
    ");
}

fn check_what_is_its_owners(matrix: &Matrix) {
    insta::assert_snapshot!(matrix.table(Class::OwnersOnly), @r"
                 Private Link Community Both Published All Over Rezoned Withdrawn Deleted Restricted
    Anonymous    401     401  401       401  401       401 401  401     401       401     401
    LinkHolder   401     401  401       401  401       401 401  401     401       401     401
    Stranger     -       -    -         -    -         -   -    -       -         -       -
    FormerMember -       -    -         -    -         -   -    -       -         -       -
    Banned       -       -    -         -    -         -   -    -       -         -       -
    Blocked      -       -    -         -    -         -   -    -       -         -       -
    Blocking     -       -    -         -    -         -   -    -       -         -       -
    Member       -       -    -         -    -         -   -    -       -         -       -
    Moderator    -       -    -         -    -         -   -    -       -         -       -
    Owner        own     own  own       own  own       own own  own     own       -       own
    ");
    // Taken, whether or not there is something, as its owner alone is told: ids are random, so that nobody
    // finds one by trying.
    insta::assert_snapshot!(matrix.table(Class::MadeId), @r"
                 Private Link Community Both Published All Over Rezoned Withdrawn Deleted Restricted
    Anonymous    401     401  401       401  401       401 401  401     401       401     401
    LinkHolder   401     401  401       401  401       401 401  401     401       401     401
    Stranger     409     409  409       409  409       409 409  409     409       409     409
    FormerMember 409     409  409       409  409       409 409  409     409       409     409
    Banned       409     409  409       409  409       409 409  409     409       409     409
    Blocked      409     409  409       409  409       409 409  409     409       409     409
    Blocking     409     409  409       409  409       409 409  409     409       409     409
    Member       409     409  409       409  409       409 409  409     409       409     409
    Moderator    409     409  409       409  409       409 409  409     409       409     409
    Owner        409     409  409       409  409       409 409  409     409       410     409
    ");
}

#[allow(clippy::too_many_lines, reason = "the list is one")]
fn check_what_answers_consist_of(matrix: &Matrix) {
    insta::assert_snapshot!(matrix.shapes(), @r#"
    own GET /api/v1/activities/{id}
      application/json: choices choices.ends_m choices.heart_rate choices.hour choices.map choices.statistics created_at description flaws id kind sharing sharing.published sharing.published_until sharing.shown sport started_at statistics statistics.ascent_m statistics.bbox statistics.descent_m statistics.distance_m statistics.effort_km statistics.elapsed_s statistics.elevation_max_m statistics.elevation_min_m statistics.elevation_noise_m statistics.elevation_source statistics.moving_s statistics.parts statistics.points statistics.speed_avg_mps statistics.speed_max_mps title updated_at version visibility waypoints waypoints.description waypoints.name waypoints.position
    seen GET /api/v1/activities/{id}
      application/json: author author.id author.public_name day description id kind rating sport statistics statistics.ascent_m statistics.bbox statistics.descent_m statistics.distance_m statistics.effort_km statistics.elapsed_s statistics.elevation_max_m statistics.elevation_min_m statistics.elevation_noise_m statistics.elevation_source statistics.moving_s statistics.parts statistics.points statistics.speed_avg_mps statistics.speed_max_mps title visibility waypoints waypoints.description waypoints.name waypoints.position
    own GET /api/v1/activities/{id}/analysis
      application/json: best_efforts best_efforts.distance_m best_efforts.duration_s best_efforts.start_m estimate grade grade.max grade.min pauses sensors sensors.cadence_rpm sensors.heart_rate_bpm sensors.heart_rate_bpm.avg sensors.heart_rate_bpm.max sensors.heart_rate_bpm.min sensors.power_w sensors.temperature_c splits splits.distance_m splits.elapsed_s splits.elevation_change_m splits.moving_s
    seen GET /api/v1/activities/{id}/analysis
      application/json: best_efforts best_efforts.distance_m best_efforts.duration_s best_efforts.start_m estimate grade grade.max grade.min pauses splits splits.distance_m splits.elapsed_s splits.elevation_change_m splits.moving_s
    own GET /api/v1/activities/{id}/communities
      application/json: items next_cursor
    own GET /api/v1/activities/{id}/links
      application/json: items items.created_at items.expires_at items.id items.label items.locked items.opened next_cursor
      or application/json: items next_cursor
    own GET /api/v1/activities/{id}/original
      application/octet-stream
    own GET /api/v1/activities/{id}/photos
      application/json: items items.activity_id items.alternative_text items.caption items.colour items.created_at items.id items.is_cover items.original_bytes items.placeholder items.position items.position_source items.revision items.sizes items.sizes.large items.sizes.large.height items.sizes.large.width items.sizes.medium items.sizes.medium.height items.sizes.medium.width items.sizes.thumbnail items.sizes.thumbnail.height items.sizes.thumbnail.width items.state items.taken_at items.taken_at_local items.updated_at items.version next_cursor
    seen GET /api/v1/activities/{id}/photos
      application/json: items items.activity_id items.alternative_text items.caption items.colour items.id items.is_cover items.placeholder items.position items.revision items.sizes items.sizes.large items.sizes.large.height items.sizes.large.width items.sizes.medium items.sizes.medium.height items.sizes.medium.width items.sizes.thumbnail items.sizes.thumbnail.height items.sizes.thumbnail.width next_cursor
    own GET /api/v1/activities/{id}/preview.png
      image/png
    seen GET /api/v1/activities/{id}/preview.png
      image/png
    own GET /api/v1/activities/{id}/preview.svg
      image/svg+xml
    seen GET /api/v1/activities/{id}/preview.svg
      image/svg+xml
    own GET /api/v1/activities/{id}/profile
      application/json: distance_m elapsed_s elevation_m heart_rate_bpm part_starts point speed_mps
    seen GET /api/v1/activities/{id}/profile
      application/json: distance_m elapsed_s elevation_m part_starts point speed_mps
    own GET /api/v1/activities/{id}/track.csv
      text/csv; charset=utf-8
    seen GET /api/v1/activities/{id}/track.csv
      text/csv; charset=utf-8
    own GET /api/v1/activities/{id}/track.geojson
      application/geo+json: features features.geometry features.geometry.coordinates features.geometry.type features.properties features.properties.coordinateProperties features.properties.coordinateProperties.heart features.properties.coordinateProperties.times features.properties.desc features.properties.name features.properties.planned features.properties.type features.type type
    seen GET /api/v1/activities/{id}/track.geojson
      application/geo+json: features features.geometry features.geometry.coordinates features.geometry.type features.properties features.properties.author features.properties.coordinateProperties features.properties.coordinateProperties.elapsed_s features.properties.desc features.properties.name features.properties.planned features.properties.type features.type type
    own GET /api/v1/activities/{id}/track.gpx
      application/gpx+xml
    seen GET /api/v1/activities/{id}/track.gpx
      application/gpx+xml
    own GET /api/v1/activities/{id}/track.kml
      application/vnd.google-earth.kml+xml
    seen GET /api/v1/activities/{id}/track.kml
      application/vnd.google-earth.kml+xml
    own GET /api/v1/activities/{id}/track.tcx
      application/vnd.garmin.tcx+xml
    seen GET /api/v1/activities/{id}/track.tcx
      application/vnd.garmin.tcx+xml
    own GET /api/v1/photos/{id}
      application/json: activity_id alternative_text caption colour created_at id is_cover original_bytes placeholder position position_source revision sizes sizes.large sizes.large.height sizes.large.width sizes.medium sizes.medium.height sizes.medium.width sizes.thumbnail sizes.thumbnail.height sizes.thumbnail.width state taken_at taken_at_local updated_at version
    seen GET /api/v1/photos/{id}
      application/json: activity_id alternative_text caption colour id is_cover placeholder position revision sizes sizes.large sizes.large.height sizes.large.width sizes.medium sizes.medium.height sizes.medium.width sizes.thumbnail sizes.thumbnail.height sizes.thumbnail.width
    seen GET /api/v1/photos/{id}/medium.jpg
      image/jpeg
    own GET /api/v1/photos/{id}/original
      application/octet-stream
    seen GET /api/v1/shared/{token}
      application/json: author author.id author.public_name day description id kind rating sport statistics statistics.ascent_m statistics.bbox statistics.descent_m statistics.distance_m statistics.effort_km statistics.elapsed_s statistics.elevation_max_m statistics.elevation_min_m statistics.elevation_noise_m statistics.elevation_source statistics.moving_s statistics.parts statistics.points statistics.speed_avg_mps statistics.speed_max_mps title visibility waypoints waypoints.description waypoints.name waypoints.position
    seen GET /api/v1/shared/{token}/analysis
      application/json: best_efforts best_efforts.distance_m best_efforts.duration_s best_efforts.start_m estimate grade grade.max grade.min pauses splits splits.distance_m splits.elapsed_s splits.elevation_change_m splits.moving_s
    seen GET /api/v1/shared/{token}/photos
      application/json: items items.activity_id items.alternative_text items.caption items.colour items.id items.is_cover items.placeholder items.position items.revision items.sizes items.sizes.large items.sizes.large.height items.sizes.large.width items.sizes.medium items.sizes.medium.height items.sizes.medium.width items.sizes.thumbnail items.sizes.thumbnail.height items.sizes.thumbnail.width next_cursor
    seen GET /api/v1/shared/{token}/photos/{photo}
      application/json: activity_id alternative_text caption colour id is_cover placeholder position revision sizes sizes.large sizes.large.height sizes.large.width sizes.medium sizes.medium.height sizes.medium.width sizes.thumbnail sizes.thumbnail.height sizes.thumbnail.width
    seen GET /api/v1/shared/{token}/photos/{photo}/medium.jpg
      image/jpeg
    seen GET /api/v1/shared/{token}/preview.png
      image/png
    seen GET /api/v1/shared/{token}/preview.svg
      image/svg+xml
    seen GET /api/v1/shared/{token}/profile
      application/json: distance_m elapsed_s elevation_m part_starts point speed_mps
    seen GET /api/v1/shared/{token}/track.csv
      text/csv; charset=utf-8
    seen GET /api/v1/shared/{token}/track.geojson
      application/geo+json: features features.geometry features.geometry.coordinates features.geometry.type features.properties features.properties.author features.properties.coordinateProperties features.properties.coordinateProperties.elapsed_s features.properties.desc features.properties.name features.properties.planned features.properties.type features.type type
    seen GET /api/v1/shared/{token}/track.gpx
      application/gpx+xml
    seen GET /api/v1/shared/{token}/track.kml
      application/vnd.google-earth.kml+xml
    seen GET /api/v1/shared/{token}/track.tcx
      application/vnd.garmin.tcx+xml
    seen GET /s/{token}
      text/html; charset=utf-8
    seen POST /s/{token}
      text/html; charset=utf-8
    "#);
}

/// What is found near by, and by what it is said to be seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_is_published_and_an_answer_tells_one_way_to_it() {
    let app = TestApp::start().await;
    let cast = Cast::of(&app).await;
    let (mut found, mut sought, mut told) =
        (Matrix::default(), Matrix::default(), Matrix::default());
    for piece in &cast.pieces {
        for (actor, caller) in cast.callers(piece) {
            let nearby = json!({ "position": [8.5, 47.3], "radius_m": 50_000, "limit": 100 });
            let answer =
                Heard::of(caller.request(Method::POST, "/api/v1/explore/nearby").json(&nearby))
                    .await;
            let content = answer.json();
            assert_eq!((answer.status, &content["next_cursor"]), (200, &Value::Null));
            let items = content["items"].as_array().unwrap();
            let item = items.iter().find(|item| item["activity"]["id"] == piece.id.as_str());
            let word = item.map_or("-", |item| item["activity"]["visibility"].as_str().unwrap());
            found.put(Class::Search, actor, piece.state, word);
            let search = caller.request(Method::GET, "/api/v1/explore/search?limit=100");
            let answer = Heard::of(search).await.json();
            let items = answer["items"].as_array().unwrap();
            let one = items.iter().find(|item| item["id"] == piece.id.as_str());
            let word = one.map_or("-", |item| item["visibility"].as_str().unwrap());
            sought.put(Class::Search, actor, piece.state, word);
            // Along its line it is found by those alone.
            let line = json!({ "line": [[8.5, 47.304], [8.5, 47.324]], "limit": 100 });
            let along = caller.request(Method::POST, "/api/v1/explore/along").json(&line);
            let answer = Heard::of(along).await.json();
            let mut items = answer["items"].as_array().unwrap().iter();
            let found = items.find(|item| item["activity"]["id"] == piece.id.as_str());
            let found = found.map(|item| &item["activity"]);
            assert_eq!(found, one, "{actor:?} {:?}", piece.state);
            // So is what is like it; for others it is no activity at all.
            let like = |id: &str| {
                let like = json!({ "activity": id, "limit": 1 });
                caller.request(Method::POST, "/api/v1/explore/along").json(&like)
            };
            let heard = Heard::of(like(&piece.id)).await;
            if one.is_none() {
                assert_eq!(heard, Heard::of(like(&unused("{id}"))).await);
            }
            assert_eq!(heard.status, if one.is_some() { 200 } else { 404 }, "{actor:?}");
            // One sees it or not, whichever way one asks.
            let by_id =
                Heard::of(caller.request(Method::GET, &piece.path("/api/v1/activities/{id}")))
                    .await;
            let by_link =
                Heard::of(caller.request(Method::GET, &piece.path("/api/v1/shared/{token}"))).await;
            let word = |heard: &Heard| match heard.json() {
                body if heard.status == 200 && body.get("version").is_none() => {
                    body["visibility"].as_str().unwrap().to_owned()
                }
                body if heard.status == 200 => {
                    format!("({})", body["visibility"].as_str().unwrap())
                }
                _ => "-".to_owned(),
            };
            told.put(Class::Rendition, actor, piece.state, &word(&by_id));
            told.put(Class::ByLink, actor, piece.state, &word(&by_link));
            if let (Some(item), false) = (item, actor == Actor::Owner) {
                assert_eq!(item["activity"], listed(&by_id.json()));
            }
        }
    }
    check_what_is_found(&found, &sought, &told);
    check_what_is_reused(&cast).await;
}

fn check_what_is_found(found: &Matrix, sought: &Matrix, told: &Matrix) {
    // Members find near them what their communities share.
    insta::assert_snapshot!(found.table(Class::Search), @r"
                 Private Link Community Both      Published All       Over      Rezoned Withdrawn Deleted Restricted
    Anonymous    -       -    -         -         published published -         -       -         -       -
    LinkHolder   -       -    -         -         published published -         -       -         -       -
    Stranger     -       -    -         -         published published -         -       -         -       -
    FormerMember -       -    -         -         published published -         -       -         -       -
    Banned       -       -    -         -         published published -         -       -         -       -
    Blocked      -       -    -         -         -         -         -         -       -         -       -
    Blocking     -       -    -         -         -         -         -         -       -         -       -
    Member       -       -    community community published published community -       -         -       -
    Moderator    -       -    community community published published community -       -         -       -
    Owner        -       -    community community published published community -       -         -       -
    ");
    insta::assert_snapshot!(sought.table(Class::Search), @r"
                 Private Link Community Both Published All       Over Rezoned Withdrawn Deleted Restricted
    Anonymous    -       -    -         -    published published -    -       -         -       -
    LinkHolder   -       -    -         -    published published -    -       -         -       -
    Stranger     -       -    -         -    published published -    -       -         -       -
    FormerMember -       -    -         -    published published -    -       -         -       -
    Banned       -       -    -         -    published published -    -       -         -       -
    Blocked      -       -    -         -    -         -         -    -       -         -       -
    Blocking     -       -    -         -    -         -         -    -       -         -       -
    Member       -       -    -         -    published published -    -       -         -       -
    Moderator    -       -    -         -    published published -    -       -         -       -
    Owner        -       -    -         -    published published -    -       -         -       -
    ");
    insta::assert_snapshot!(told.table(Class::Rendition), @r"
                 Private   Link   Community   Both        Published   All         Over        Rezoned     Withdrawn Deleted Restricted
    Anonymous    -         -      -           -           published   published   -           -           -         -       -
    LinkHolder   -         -      -           -           published   published   -           -           -         -       -
    Stranger     -         -      -           -           published   published   -           -           -         -       -
    FormerMember -         -      -           -           published   published   -           -           -         -       -
    Banned       -         -      -           -           published   published   -           -           -         -       -
    Blocked      -         -      -           -           -           -           -           -           -         -       -
    Blocking     -         -      -           -           -           -           -           -           -         -       -
    Member       -         -      community   community   published   published   community   -           -         -       -
    Moderator    -         -      community   community   published   published   community   -           -         -       -
    Owner        (private) (link) (community) (community) (published) (published) (published) (published) (private) -       (published)
    ");
    insta::assert_snapshot!(told.table(Class::ByLink), @r"
                 Private Link Community Both Published All       Over Rezoned Withdrawn Deleted Restricted
    Anonymous    -       link -         link -         published link -       -         -       -
    LinkHolder   -       link -         link -         published link -       -         -       -
    Stranger     -       link -         link -         published link -       -         -       -
    FormerMember -       link -         link -         published link -       -         -       -
    Banned       -       link -         link -         published link -       -         -       -
    Blocked      -       link -         link -         published link -       -         -       -
    Blocking     -       link -         link -         published link -       -         -       -
    Member       -       link -         link -         published link -       -         -       -
    Moderator    -       link -         link -         published link -       -         -       -
    Owner        -       link -         link -         published link -       -         -       -
    ");
}

/// Lists hold what their reader sees, and nothing else: the feed of the community, and an owner's page.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_holds_what_its_reader_may_see() {
    let app = TestApp::start().await;
    let cast = Cast::of(&app).await;
    let (mut feed, mut page) = (Matrix::default(), Matrix::default());
    for piece in &cast.pieces {
        let of_owner = format!("/api/v1/members/{}", piece.owner.account_id);
        let of_community = format!("/api/v1/communities/{}/activities", piece.community);
        for (actor, caller) in cast.callers(piece) {
            let word = async |path: &str| {
                let heard = Heard::of(caller.request(Method::GET, path)).await;
                let content = heard.json();
                let items = content["activities"].get("items").or(content.get("items"));
                match (heard.status, items) {
                    (200, Some(items)) => {
                        let mut items = items.as_array().unwrap().iter();
                        let item = items.find(|item| item["id"] == piece.id.as_str());
                        item.map_or("-", |item| item["visibility"].as_str().unwrap()).to_owned()
                    }
                    (404, _) => "-".to_owned(),
                    (status, _) => status.to_string(),
                }
            };
            feed.put(Class::Community, actor, piece.state, &word(&of_community).await);
            page.put(Class::Profile, actor, piece.state, &word(&of_owner).await);
            page.put(
                Class::Profile,
                actor,
                piece.state,
                &word(&format!("{of_owner}/activities")).await,
            );
        }
    }
    insta::assert_snapshot!(feed.table(Class::Community), @r"
                 Private Link Community Both      Published All       Over      Rezoned Withdrawn Deleted Restricted
    Anonymous    401     401  401       401       401       401       401       401     401       401     401
    LinkHolder   401     401  401       401       401       401       401       401     401       401     401
    Stranger     403     403  403       403       403       403       403       403     403       403     403
    FormerMember 403     403  403       403       403       403       403       403     403       403     403
    Banned       -       -    -         -         -         -         -         -       -         -       -
    Blocked      -       -    -         -         -         -         -         -       -         -       -
    Blocking     -       -    -         -         -         -         -         -       -         -       -
    Member       -       -    community community -         published community -       -         -       -
    Moderator    -       -    community community -         published community -       -         -       -
    Owner        -       -    community community -         published community -       -         -       -
    ");
    insta::assert_snapshot!(page.table(Class::Profile), @r"
                 Private Link Community Both Published All       Over Rezoned Withdrawn Deleted Restricted
    Anonymous    -       -    -         -    published published -    -       -         -       -
    LinkHolder   -       -    -         -    published published -    -       -         -       -
    Stranger     -       -    -         -    published published -    -       -         -       -
    FormerMember -       -    -         -    published published -    -       -         -       -
    Banned       -       -    -         -    published published -    -       -         -       -
    Blocked      -       -    -         -    -         -         -    -       -         -       -
    Blocking     -       -    -         -    -         -         -    -       -         -       -
    Member       -       -    -         -    published published -    -       -         -       -
    Moderator    -       -    -         -    published published -    -       -         -       -
    Owner        -       -    -         -    published published -    -       -         -       -
    ");
}

/// What is somebody's own they alone are told of, and what is for all is the same for all.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_activitys_is_each_members_own_or_the_same_for_all() {
    let app = TestApp::start().await;
    let cast = Cast::of(&app).await;
    let piece = &cast.pieces[0];
    let zones: Value = piece.owner.get("/api/v1/me/zones").await.json().await.unwrap();
    let sessions: Value = piece.owner.get("/api/v1/me/sessions").await.json().await.unwrap();
    let (exports, imports) = archives_of(&app, &piece.owner).await;
    for (method, route) in routes::of(Class::OwnThing) {
        let things = [("zones", &zones), ("exports", &exports), ("imports", &imports)];
        let things = things.iter().find(|(name, _)| route.contains(name));
        let things = things.map_or(&sessions, |(_, things)| *things);
        let path = route.replace("{id}", things["items"][0]["id"].as_str().unwrap());
        let others = cast.callers(piece).into_iter().filter(|(actor, _)| *actor != Actor::Owner);
        for (actor, caller) in others {
            let heard = Heard::of(call(caller, false, &method, &route, &path)).await;
            let nowhere = unused(&route);
            let absent = Heard::of(call(caller, false, &method, &route, &nowhere)).await;
            let expected = match actor {
                Actor::Anonymous | Actor::LinkHolder => 401,
                // Zones have ids of their owner's making: each has their own.
                _ if method == Method::PUT => 201,
                _ => 404,
            };
            let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
            let same =
                heard.text().replace(&id(&path), "") == absent.text().replace(&id(&nowhere), "");
            assert_eq!(
                (heard.status, absent.status, same),
                (expected, expected, true),
                "{actor:?} {method} {path}"
            );
        }
    }
    for (method, route) in routes::of(Class::Open) {
        let mut heard = Vec::new();
        for (_, caller) in cast.callers(piece) {
            let request = caller.request(method.clone(), &route);
            let request = if method == Method::GET { request } else { request.json(&json!({})) };
            heard.push(Heard::of(request).await);
        }
        assert!(!heard[0].text().contains("Brook"), "{method} {route}");
        assert!(heard.iter().all(|one| *one == heard[0]), "{method} {route}");
    }
    for (method, route) in routes::of(Class::Members) {
        for (actor, caller) in cast.callers(piece) {
            let ids: Vec<&str> = cast.pieces.iter().map(|piece| piece.id.as_str()).collect();
            let nobody = route.replace("{member}", &Uuid::new_v4().to_string());
            let request = caller.request(method.clone(), &nobody);
            let request = match method {
                Method::GET => request,
                _ if route.ends_with("/visibility") => request.json(
                    &json!({ "visibility": "private", "dry_run": true, "filter": { "ids": ids } }),
                ),
                _ => request.json(&json!({})),
            };
            let heard = Heard::of(request).await;
            let is_signed_in = caller.token.is_some();
            assert_eq!(
                heard.status == 401,
                !is_signed_in,
                "{actor:?} {method} {route}: {}",
                heard.status
            );
            let text = heard.text();
            let names_one = ids.iter().any(|id| text.contains(id)) || text.contains("Brook");
            assert!(!names_one || actor == Actor::Owner, "{actor:?} {method} {route}: {text}");
        }
    }
}

/// An export and an import of somebody's account, as they are listed.
async fn archives_of(app: &TestApp, owner: &Caller<'_>) -> (Value, Value) {
    let exported = export(app, owner).await;
    let import = owner.request(Method::POST, "/api/v1/me/imports");
    let import = import.header("Content-Type", "application/zip").body(exported).send().await;
    assert_eq!(import.unwrap().status(), 202);
    let exports = owner.get("/api/v1/me/exports").await.json().await.unwrap();
    (exports, owner.get("/api/v1/me/imports").await.json().await.unwrap())
}

/// Each owner's own list: nothing has changed as long as that has not.
async fn versions(cast: &Cast<'_>) -> Vec<(String, Value)> {
    let mut versions = Vec::new();
    for piece in &cast.pieces {
        let own = piece.owner.get(&piece.path("/api/v1/activities/{id}")).await;
        versions.push((piece.id.clone(), own.json::<Value>().await.unwrap()["version"].clone()));
    }
    versions
}

/// What was heard, in a word for each of who asks and what for.
#[derive(Default)]
struct Matrix {
    words: BTreeMap<(Class, Actor, State), BTreeSet<String>>,
    shapes: BTreeMap<(String, String), BTreeSet<String>>,
    cells: usize,
}

impl Matrix {
    /// Lets everybody ask for every piece at a route.
    async fn fill(&mut self, class: Class, cast: &Cast<'_>, method: &Method, route: &str) {
        let mut absent: BTreeMap<Actor, Heard> = BTreeMap::new();
        for piece in &cast.pieces {
            let callers = cast.callers(piece).into_iter();
            // To give a link another token it would have to be done.
            let callers =
                callers.filter(|(actor, _)| *actor != Actor::Owner || !route.ends_with("/rotate"));
            let knocks =
                callers.map(|(actor, caller)| Knock { actor, caller, piece, method, route });
            let knocks: Vec<Knock<'_>> = knocks.collect();
            if absent.is_empty() && class != Class::MadeId {
                absent =
                    join_all(knocks.iter().map(async |knock| (knock.actor, knock.absent().await)))
                        .await
                        .into_iter()
                        .collect();
            }
            for (actor, word, heard) in
                join_all(knocks.iter().map(|knock| knock.answer(absent.get(&knock.actor)))).await
            {
                assert!(heard.status < 500, "{actor:?} {method} {route}");
                if heard.status == 200 {
                    let shape = (format!("{method} {route}"), word.clone());
                    self.shapes.entry(shape).or_default().insert(heard.shape());
                }
                self.put(class, actor, piece.state, &word);
            }
        }
    }

    fn put(&mut self, class: Class, actor: Actor, state: State, word: &str) {
        self.cells += 1;
        self.words.entry((class, actor, state)).or_default().insert(word.to_owned());
    }

    /// A row for each of who asks, a column for each level.
    fn table(&self, class: Class) -> String {
        let mut lines = vec![vec![String::new()]];
        lines[0].extend(State::ALL.map(|state| format!("{state:?}")));
        for actor in Actor::ALL {
            let word = |state| {
                let words = self.words.get(&(class, actor, state)).into_iter().flatten();
                words.cloned().collect::<Vec<_>>().join("|")
            };
            let mut line = vec![format!("{actor:?}")];
            line.extend(State::ALL.map(word));
            lines.push(line);
        }
        let widths = (0..lines[0].len())
            .map(|column| lines.iter().map(|line| line[column].len()).max().unwrap());
        let widths: Vec<usize> = widths.collect();
        let text = lines.iter().map(|line| {
            let cells = line.iter().zip(&widths).map(|(word, width)| format!("{word:<width$}"));
            cells.collect::<Vec<_>>().join(" ").trim_end().to_owned()
        });
        text.collect::<Vec<_>>().join("\n")
    }

    /// What each answer consists of.
    fn shapes(&self) -> String {
        let lines = self.shapes.iter().map(|((route, word), shapes)| {
            let shapes = shapes.iter().map(String::as_str).collect::<Vec<_>>().join("\n  or ");
            format!("{word} {route}\n  {shapes}")
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[allow(clippy::print_stdout, reason = "the figure is for whoever runs it with --nocapture")]
    fn tell(&self) {
        println!("{} cells of the matrix of who gets what", self.cells);
    }
}

/// What is made for reuse is the same for all who ask, and holds what is published, and nothing else.
async fn check_what_is_reused(cast: &Cast<'_>) {
    for (method, route) in routes::of(Class::Reuse) {
        for piece in &cast.pieces {
            let path = route
                .replace("{z}/{x}/{y}", "9/268/179")
                .replace("waypoints/items/{id}", &format!("waypoints/items/{}.0", piece.id))
                .replace("{id}", &piece.id)
                .replace("/items", "/items?limit=100");
            let path = path.replace("?limit=100/", "/");
            let mut heard = Vec::new();
            for (_, caller) in cast.callers(piece) {
                heard.push(Heard::of(caller.request(method.clone(), &path)).await);
            }
            assert!(heard.iter().all(|one| *one == heard[0]), "{path}");
            let is_published = matches!(piece.state, State::Published | State::All);
            assert_eq!(
                heard[0].text().contains(&piece.id),
                is_published,
                "{path} {:?}",
                piece.state
            );
            if route.ends_with("{id}") {
                assert_eq!(heard[0].status, if is_published { 200 } else { 404 });
            }
        }
    }
}
