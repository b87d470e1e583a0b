//! What is made of a track: files, series and numbers, exact for its owner and cut for others.

use serde_json::Value;

use crate::activities::path_of;
use crate::bad_input::refused;
use crate::harness::{TestApp, northward_gpx};

#[tokio::test(flavor = "multi_thread")]
async fn every_format_has_all_points_for_the_owner_and_the_visible_ones_for_others() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    let shown: Value = app.anyone().get(&path).await.json().await.unwrap();
    let visible = usize::try_from(shown["statistics"]["points"].as_u64().unwrap()).unwrap();
    for (format, media_type, mark) in [
        ("tcx", "application/vnd.garmin.tcx+xml", "<Trackpoint>"),
        ("kml", "application/vnd.google-earth.kml+xml", ",100\n"),
        ("csv", "text/csv; charset=utf-8", "\n1,"),
    ] {
        let child = format!("{path}/track.{format}");
        let own = ada.get(&child).await;
        assert_eq!(own.headers()["content-type"], media_type);
        let named = own.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(named.ends_with(&format!(".{format}\"")), "{named}");
        let own = own.text().await.unwrap();
        let public = app.anyone().get(&child).await.text().await.unwrap();
        assert!(own.contains("2026-05-30T07:00:00"), "{format}: {own}");
        assert!(!public.contains("T07:") && !public.contains("2026-05-30T"), "{format}: {public}");
        if format != "kml" {
            assert_eq!(own.matches(mark).count(), 300, "{format}: {own}");
            assert_eq!(public.matches(mark).count(), visible, "{format}: {public}");
        }
        // The first point is where its author lives.
        assert!(own.contains("47.3") && !public.contains("47.3,") && !public.contains("47.300"));
        assert!(public.contains("Ada"), "{format}: {public}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_format_of_a_private_track_is_there_for_others() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    for stranger in [app.anyone(), app.member("Eve").await] {
        for format in ["tcx", "kml", "csv"] {
            refused(stranger.get(&format!("{path}/track.{format}")).await, 404).await;
        }
    }
}
