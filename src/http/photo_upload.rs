//! What clients send to make photos and pictures: files, and what is said about them.

use actix_multipart::Multipart;
use actix_web::http::header;
use actix_web::{HttpRequest, web};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt};
use serde::Deserialize;

use super::body;
use super::problem::Problem;
use super::room::Taken;
use super::upload::{of_form, read_field};
use crate::actions::photos::Words;
use crate::domain::{AccountId, AlternativeText, Caption, Invalid, PhotoId, Position};
use crate::picture::FILE_BYTES_MAX;

/// The most photos of a call.
const FILES_MAX: usize = 20;
/// The longest call, in bytes.
const CALL_BYTES_MAX: usize = 160 * 1024 * 1024;
/// The longest metadata, in bytes: captions for every file.
const METADATA_BYTES_MAX: usize = 256 * 1024;

/// Photos that a client sent. Holds its room until it is dropped.
pub struct ReceivedPhotos {
    /// Each with the id that the client made for it, if it made one.
    pub pictures: Vec<(Vec<u8>, Option<PhotoId>, Words)>,
    room: Taken<AccountId>,
}

/// A picture that a client sent. Holds its room until it is dropped.
pub struct ReceivedPicture {
    /// The file.
    pub file: Vec<u8>,
    _room: Taken<AccountId>,
}

/// What an owner says about a photo.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[schema(as = PhotoMetadata)]
#[serde(deny_unknown_fields)]
pub struct PhotoMetadataBody {
    /// An id that the client made, a UUID of version 4: sending the photo again is harmless then.
    id: Option<PhotoId>,
    /// What stands under it, up to 1,000 characters.
    caption: Option<String>,
    /// What is in it, for those who do not see it, up to 1,000 characters.
    alternative_text: Option<String>,
    /// Where it was taken, `[longitude, latitude]`; else where its camera says, else where the track was
    /// at that time.
    position: Option<[f64; 2]>,
    /// When it was taken; else when its camera says.
    taken_at: Option<DateTime<Utc>>,
}

/// The parts of an upload of photos.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "it documents the form; the parts are read one by one")]
pub struct PhotosForm {
    /// JPEG, PNG or WebP, told by its content; up to 40 MiB and 100 megapixels. Up to 20 times.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// What is said about the file; a list with an entry a file where there are several.
    metadata: Option<PhotoMetadataBody>,
}

/// Reads the photos of a call.
pub async fn receive_photos(
    request: &HttpRequest,
    payload: web::Payload,
    mut room: Taken<AccountId>,
) -> Result<ReceivedPhotos, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.unwrap_or_default().to_ascii_lowercase().starts_with("multipart/form-data") {
        let taken = "Send multipart/form-data with a part file for each photo.";
        return Err(Problem::UnsupportedMediaType(taken));
    }
    let stream = body::bounded(request, payload.into_inner(), CALL_BYTES_MAX)?;
    let mut form = Multipart::new(request.headers(), stream);
    let (mut files, mut metadata) = (Vec::new(), None);
    let unsound = |error| of_form(&error, CALL_BYTES_MAX);
    while let Some(mut field) = form.try_next().await.map_err(unsound)? {
        match field.name() {
            Some("file") if files.len() == FILES_MAX => {
                return Err(Problem::Malformed("A call brings at most 20 photos."));
            }
            Some("file") => {
                files.push(read_field(&mut field, FILE_BYTES_MAX, &mut room).await?);
            }
            Some("metadata") if metadata.is_none() => {
                let json = read_field(&mut field, METADATA_BYTES_MAX, &mut room).await?;
                metadata = Some(parse_metadata(&json)?);
            }
            _ => {
                return Err(Problem::Malformed(
                    "An upload of photos has parts file and one part metadata.",
                ));
            }
        }
    }
    if files.is_empty() {
        return Err(Invalid { field: "file", reason: "is missing" }.into());
    }
    let mut metadata = metadata.unwrap_or_default();
    metadata.resize_with(metadata.len().max(files.len()), Default::default);
    if files.len() < metadata.len() {
        let reason = "must have an entry for each file and no more";
        return Err(Invalid { field: "metadata", reason }.into());
    }
    let pictures = files.into_iter().zip(metadata).map(|(file, metadata)| {
        let (id, words) = metadata.parse()?;
        Ok::<_, Invalid>((file, id, words))
    });
    Ok(ReceivedPhotos { pictures: pictures.collect::<Result<_, _>>()?, room })
}

/// Reads a picture of a member or a community: the body itself, or the part `file` of a form.
pub async fn receive_picture(
    request: &HttpRequest,
    payload: web::Payload,
    mut room: Taken<AccountId>,
) -> Result<ReceivedPicture, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("image/") || kind.starts_with("application/octet-stream") {
        let mut stream = body::bounded(request, payload.into_inner(), FILE_BYTES_MAX)?;
        let mut file = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| body::of_payload(&error, FILE_BYTES_MAX))?;
            room.take(chunk.len())?;
            file.extend_from_slice(&chunk);
        }
        return Ok(ReceivedPicture { file, _room: room });
    }
    let received = receive_photos(request, payload, room).await?;
    let [(file, ..)] = <[_; 1]>::try_from(received.pictures)
        .map_err(|_| Invalid { field: "file", reason: "must be one picture" })?;
    Ok(ReceivedPicture { file, _room: received.room })
}

/// One entry, or a list of them.
fn parse_metadata(json: &[u8]) -> Result<Vec<PhotoMetadataBody>, Problem> {
    let is_list = json.trim_ascii_start().starts_with(b"[");
    if is_list { body::parse(json) } else { Ok(vec![body::parse(json)?]) }
}

impl PhotoMetadataBody {
    fn parse(self) -> Result<(Option<PhotoId>, Words), Invalid> {
        if self.id.is_some_and(|id| !id.is_random()) {
            return Err(Invalid { field: "id", reason: "must be a UUID of version 4" });
        }
        // An empty text is what a form sends for a field left blank.
        let text = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let caption = text(self.caption).as_deref().map(Caption::try_from).transpose()?;
        let alternative_text = text(self.alternative_text);
        let alternative_text =
            alternative_text.as_deref().map(AlternativeText::try_from).transpose()?;
        let position = self.position.map(|[lon, lat]| Position::new(lon, lat)).transpose()?;
        if self.taken_at.is_some_and(|time| !super::page::is_storable(time)) {
            return Err(Invalid { field: "taken_at", reason: "must be of the years 0 to 9999" });
        }
        let words = Words {
            caption,
            alternative_text,
            position,
            taken_at: self.taken_at,
            is_placeless: false,
        };
        Ok((self.id, words))
    }
}
