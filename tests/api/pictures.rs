//! Pictures for tests, with words planted wherever a file may hold any.

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image_webp::WebPEncoder;
use jpeg_encoder::{ColorType, Encoder};

/// Stands in everything that a file says besides its pixels.
pub const CANARY: &str = "kanarie4711";

/// What a camera says.
#[derive(Clone, Default)]
pub struct Said {
    pub clock: Option<&'static str>,
    pub offset: Option<&'static str>,
    /// Date and time of the satellites.
    pub satellites: Option<(&'static str, [u32; 3])>,
    /// Latitude and longitude in degrees.
    pub place: Option<[f64; 2]>,
    pub orientation: Option<u16>,
}

/// A JPEG file of these sides, red at its top left and blue at its bottom right.
pub fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = Encoder::new(&mut file, 90);
    encoder.encode(&pixels(width, height), width, height, ColorType::Rgb).unwrap();
    file
}

/// The same as PNG.
pub fn png(width: u16, height: u16) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width.into(), height.into());
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&pixels(width, height)).unwrap();
    file
}

/// The same as WebP.
pub fn webp(width: u16, height: u16) -> Vec<u8> {
    let mut file = Vec::new();
    let (pixels, kind) = (pixels(width, height), image_webp::ColorType::Rgb8);
    WebPEncoder::new(&mut file).encode(&pixels, width.into(), height.into(), kind).unwrap();
    file
}

fn pixels(width: u16, height: u16) -> Vec<u8> {
    let share =
        |part: u16, whole: u16| u8::try_from(u32::from(part) * 255 / u32::from(whole)).unwrap();
    let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    rows.flat_map(|(x, y)| {
        let along = share(x, width) / 2 + share(y, height) / 2;
        [255 - along, share(x ^ y, u16::MAX), along]
    })
    .collect()
}

/// A JPEG file whose camera says something, with words in every place for them: EXIF and its maker
/// note, a thumbnail, XMP, IPTC, a colour profile, a comment, and behind its end.
pub fn telling_jpeg(width: u16, height: u16, said: &Said) -> Vec<u8> {
    let plain = jpeg(width, height);
    let thumbnail = insert(&jpeg(16, 16), &[segment(0xFE, CANARY.as_bytes())]);
    let exif = [b"Exif\0\0".as_slice(), &exif(said, &thumbnail)].concat();
    let xmp = format!("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>{CANARY}</x:xmpmeta>");
    let iptc = [
        b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x10\x1c\x02\x78\0".as_slice(),
        &[u8::try_from(CANARY.len()).unwrap()],
        CANARY.as_bytes(),
    ]
    .concat();
    let profile = [b"ICC_PROFILE\0\x01\x01".as_slice(), &profile()].concat();
    let mut file = insert(
        &plain,
        &[
            segment(0xE1, &exif),
            segment(0xE1, xmp.as_bytes()),
            segment(0xE2, &profile),
            segment(0xED, &iptc),
            segment(0xEB, CANARY.as_bytes()),
            segment(0xFE, CANARY.as_bytes()),
        ],
    );
    file.extend(CANARY.as_bytes());
    file
}

/// The same as PNG: text in three forms, EXIF, a profile, and words behind the end.
pub fn telling_png(width: u16, height: u16, said: &Said) -> Vec<u8> {
    let plain = png(width, height);
    let text = |kind: &[u8; 4], content: &[u8]| chunk(*kind, content);
    let mut extra = text(b"tEXt", format!("Comment\0{CANARY}").as_bytes());
    let zipped = deflated(CANARY.as_bytes());
    extra.extend(text(b"zTXt", &[b"Title\0\0".as_slice(), &zipped].concat()));
    extra.extend(text(b"iTXt", format!("XML:com.adobe.xmp\0\0\0\0\0{CANARY}").as_bytes()));
    extra.extend(text(b"eXIf", &exif(said, &jpeg(16, 16))));
    extra.extend(text(b"iCCP", &[b"icc\0\0".as_slice(), &deflated(&profile())].concat()));
    // Behind the head: signature (8) and IHDR (25).
    let mut file = [&plain[..33], &extra, &plain[33..]].concat();
    file.extend(CANARY.as_bytes());
    file
}

/// The same as WebP: a profile, EXIF, XMP, chunks that nobody knows, and words behind the end.
pub fn telling_webp(width: u16, height: u16, said: &Said) -> Vec<u8> {
    // Without its head there is one chunk, the picture.
    let picture = &webp(width, height)[12..];
    let side = |side: u16| (u32::from(side) - 1).to_le_bytes();
    // There are a profile, EXIF and XMP.
    let mut head = vec![0b0010_1100, 0, 0, 0];
    head.extend([&side(width)[..3], &side(height)[..3]].concat());
    let xmp = format!("<x:xmpmeta>{CANARY}</x:xmpmeta>");
    let chunks = [
        riff(*b"VP8X", &head),
        riff(*b"ICCP", &profile()),
        riff(*b"KNRI", CANARY.as_bytes()),
        picture.to_vec(),
        riff(*b"EXIF", &exif(said, &jpeg(16, 16))),
        riff(*b"XMP ", xmp.as_bytes()),
        riff(*b"KNRI", CANARY.as_bytes()),
    ];
    let mut file = riff(*b"RIFF", &[b"WEBP".as_slice(), &chunks.concat()].concat());
    file.extend(CANARY.as_bytes());
    file
}

/// A chunk of a WebP file, of even length.
fn riff(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    let mut chunk = [kind.as_slice(), &length, content].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

/// A profile of sRGB that is described as something else.
fn profile() -> Vec<u8> {
    let mut profile = moxcms::ColorProfile::new_display_p3();
    profile.description = Some(moxcms::ProfileText::PlainString(CANARY.to_owned()));
    profile.encode().unwrap()
}

fn exif(said: &Said, thumbnail: &[u8]) -> Vec<u8> {
    let ascii = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let rational = |num: u32, denom: u32| Rational { num, denom };
    let mut fields = Vec::new();
    let mut push = |tag: Tag, value: Value| {
        fields.push(Field { tag, ifd_num: In::PRIMARY, value });
    };
    for tag in
        [Tag::Make, Tag::ImageDescription, Tag::Artist, Tag::Copyright, Tag::BodySerialNumber]
    {
        push(tag, ascii(CANARY));
    }
    for tag in [Tag::MakerNote, Tag::UserComment] {
        push(tag, Value::Undefined(CANARY.as_bytes().to_vec(), 0));
    }
    if let Some(orientation) = said.orientation {
        push(Tag::Orientation, Value::Short(vec![orientation]));
    }
    if let Some(clock) = said.clock {
        push(Tag::DateTimeOriginal, ascii(clock));
    }
    if let Some(offset) = said.offset {
        push(Tag::OffsetTimeOriginal, ascii(offset));
    }
    if let Some((date, time)) = said.satellites {
        push(Tag::GPSDateStamp, ascii(date));
        push(Tag::GPSTimeStamp, Value::Rational(time.map(|part| rational(part, 1)).to_vec()));
    }
    if let Some([latitude, longitude]) = said.place {
        let degrees = |degrees: f64| {
            let micro = (degrees.abs() * 1e6).round();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
            Value::Rational(vec![rational(micro as u32, 1_000_000), rational(0, 1), rational(0, 1)])
        };
        push(Tag::GPSLatitudeRef, ascii(if latitude < 0.0 { "S" } else { "N" }));
        push(Tag::GPSLatitude, degrees(latitude));
        push(Tag::GPSLongitudeRef, ascii(if longitude < 0.0 { "W" } else { "E" }));
        push(Tag::GPSLongitude, degrees(longitude));
    }
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    writer.set_jpeg(thumbnail, In::THUMBNAIL);
    let mut written = std::io::Cursor::new(Vec::new());
    writer.write(&mut written, false).unwrap();
    written.into_inner()
}

/// Puts segments behind the start of a JPEG file.
fn insert(jpeg: &[u8], segments: &[Vec<u8>]) -> Vec<u8> {
    [&jpeg[..2], &segments.concat(), &jpeg[2..]].concat()
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], length.as_slice(), content].concat()
}

/// A chunk of a PNG file.
pub fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(&kind);
    sum.update(content);
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [length.as_slice(), &kind, content, &sum.sum().to_be_bytes()].concat()
}

fn deflated(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
