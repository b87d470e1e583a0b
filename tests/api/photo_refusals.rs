//! Photos that are refused, and nothing of them kept.

use reqwest::Method;
use serde_json::Value;

use crate::activities::path_of;
use crate::bad_input::{kept, refused};
use crate::harness::{TestApp, fixture, northward_gpx};
use crate::photos::send;
use crate::pictures::{CANARY, jpeg, png};

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::too_many_lines, reason = "the list is one")]
async fn what_is_no_fit_picture_is_refused_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    let before = kept(&app).await;
    let whole = jpeg(600, 400);
    let sides = |width: u32, height: u32| {
        let head = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let head = [head.as_slice(), &[1, 0, 0, 0, 0]].concat();
        let chunks = [
            crate::pictures::chunk(*b"IHDR", &head),
            crate::pictures::chunk(*b"IDAT", b"\x78\x9c\x03\0\0\0\0\x01"),
            crate::pictures::chunk(*b"IEND", b""),
        ];
        [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat()
    };
    // The sides of a JPEG file stand in its frame.
    let mut vast = whole.clone();
    let frame = vast.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    vast[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    let svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert('{CANARY}')\"/>");
    let html = format!("<!doctype html><script>{CANARY}</script>");
    let pdf_then_jpeg = [b"%PDF-1.7\n".as_slice(), &whole].concat();
    let scans = {
        let mut file = whole[..whole.len() - 2].to_vec();
        file.extend([0xFF, 0xDA, 0, 3, 1, 0].repeat(65_535));
        file.extend([0xFF, 0xD9]);
        file
    };
    for (what, file, status) in [
        ("empty", Vec::new(), 415),
        ("svg", svg.into_bytes(), 415),
        ("html", html.into_bytes(), 415),
        ("gif", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), 415),
        ("gpx", northward_gpx(8.5, 47.3, 3), 415),
        ("heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(), 415),
        ("avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif".to_vec(), 415),
        ("pdf with a picture behind", pdf_then_jpeg, 415),
        ("a cut jpeg", whole[..whole.len() / 2].to_vec(), 422),
        ("a jpeg without its last bytes", whole[..whole.len() - 2].to_vec(), 422),
        ("a head alone", whole[..20].to_vec(), 422),
        ("many scans", scans, 422),
        ("a vast jpeg", vast, 413),
        ("a vast png", sides(60_000, 60_000), 413),
        ("a png bomb", sides(40_000, 40_000), 413),
        ("a png without pixels", sides(60, 60), 422),
        ("a png without sides", sides(0, 60), 422),
        ("a broken png", fixture("photos/broken.png"), 422),
        ("a png with a broken stream", fixture("photos/broken_data_stream.png"), 422),
        ("a png with a cut end", fixture("photos/truncated_end_chunk.png"), 422),
        ("a png without its end", png(60, 40)[..png(60, 40).len() - 12].to_vec(), 422),
        ("a cut webp", fixture("photos/hopper_orientation_3.webp")[..2_000].to_vec(), 422),
        ("a webp head", b"RIFF\x04\0\0\0WEBP".to_vec(), 422),
        ("40 MiB and more", [whole.clone(), vec![0; 40 * 1024 * 1024]].concat(), 413),
    ] {
        // One that is fit beside it is not kept either.
        let answer = send(&ada, &activity, &[&whole, &file], &Value::Null).await;
        assert_eq!(answer.status().as_u16(), status, "{what}");
        let problem = refused(answer, status).await;
        assert!(!problem.to_string().contains(CANARY), "{what}");
        assert_eq!(kept(&app).await, before, "{what}");
    }
    let part = |name: &str, content: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    for (what, body, status) in [
        ("10,000 parts", part(CANARY, "").repeat(10_000) + "--b--", 400),
        ("10,000 files", part("file", "x").repeat(10_000) + "--b--", 400),
        ("21 files", part("file", "x").repeat(21) + "--b--", 400),
        ("nothing", part("metadata", "{}") + "--b--", 422),
        ("another part", part("photo", "x") + "--b--", 400),
        ("no end", part("file", "x"), 400),
        ("metadata that publishes", part("metadata", "{\"visibility\":1}") + "--b--", 422),
        (
            "more metadata than files",
            part("metadata", "[{},{}]") + &part("file", "x") + "--b--",
            422,
        ),
    ] {
        let request = ada.request(Method::POST, &format!("{activity}/photos"));
        let request = request.header("Content-Type", "multipart/form-data; boundary=b").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{what}");
        refused(answer, status).await;
        assert_eq!(kept(&app).await, before, "{what}");
    }
    let request = ada.request(Method::POST, &format!("{activity}/photos"));
    refused(request.body("x").send().await.unwrap(), 415).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_has_so_many_photos_and_no_more() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let activity = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    let tiny: Vec<Vec<u8>> = (0..20).map(|index| jpeg(8 + index, 8)).collect();
    let tiny: Vec<&[u8]> = tiny.iter().map(Vec::as_slice).collect();
    for _ in 0..10 {
        assert_eq!(send(&ada, &activity, &tiny, &Value::Null).await.status(), 201);
    }
    let before = kept(&app).await;
    let problem = refused(send(&ada, &activity, &tiny[..1], &Value::Null).await, 422).await;
    assert!(problem["detail"].as_str().unwrap().contains("200"), "{problem}");
    assert_eq!(kept(&app).await, before);
}
