//! `/activities/{id}/photos` and `/photos`: keeping, reading, changing, deleting and looking at photos.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::activities::{idempotency_key, owned};
use super::answer::{self, Keep};
use super::body::Json;
use super::me::given;
use super::network::Network;
use super::photo_body::{AnyPhotoBody, KeptPhotosBody, OwnPhotoBody, PhotoBody, REVISION};
use super::photo_upload::{self, PhotosForm};
use super::problem::{Body, Problem};
use super::room::{AnswerRoom, UploadRoom};
use super::session::{Member, Now, Parts};
use crate::access::{Owned, Sealed, Viewer};
use crate::actions::photos::{KeptPhotos, PhotoEdit, Picture};
use crate::actions::{self, Service, retried};
use crate::db::commons::Sizes;
use crate::db::vault::Photo;
use crate::domain::{
    ActivityId, AlternativeText, Caption, Clock, Invalid, PhotoId, PhotoSize, Position, Visibility,
};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(add_photos)
        .service(show_photo)
        .service(edit_photo)
        .service(delete_photo)
        .service(photo_original)
        .service(photo_size);
}

/// Fields to change; those that are left out stay, null clears.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = PhotoChange)]
#[serde(deny_unknown_fields)]
struct PhotoEditBody {
    #[serde(default, deserialize_with = "given")]
    caption: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    alternative_text: Option<Option<String>>,
    /// Where it was taken, `[longitude, latitude]`; null says that nobody shall know.
    #[serde(default, deserialize_with = "given")]
    position: Option<Option<[f64; 2]>>,
    /// Where it stands among the photos of its activity, counted from 0.
    order: Option<usize>,
    /// Whether it stands for its activity; if none does, the first one.
    is_cover: Option<bool>,
}

/// Which pixels a client has.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RevisionQuery {
    /// The `revision` of the photo: then the answer may be kept for good, where it is published.
    v: Option<u32>,
}

/// Keeps pictures as photos of an activity that one owns, after those that it has: all or none. The answer
/// comes once they are on disk; their sizes are made soon after, as `state` says. Sending one again under
/// the id that the client made, or with the same `Idempotency-Key`, changes nothing. An activity has
/// at most 200 photos, an account 10 GiB of them.
#[utoipa::path(tag = "photos", security(("token" = [])),
    params(
        ("id" = ActivityId, Path), ("If-Match" = Option<String>, Header, description = "The version of the activity."),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 characters."),
    ),
    request_body(content_type = "multipart/form-data", content = PhotosForm),
    responses(
        (status = 201, body = OwnPhotoBody, description = "Kept. Several photos of a call come as `{photos}`."),
        (status = 200, body = OwnPhotoBody, description = "Kept before; nothing changed."),
        (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "An id stands for something else."),
        (status = 410, body = Body, description = "What an id stood for was deleted."),
        (status = 412, body = Body, description = "The activity has changed meanwhile."), (status = 413, body = Body),
        (status = 415, body = Body, description = "A file is no picture that is read here."),
        (status = 422, body = Body, description = "A file or a field is not fit."),
        (status = 429, body = Body, description = "Too many new photos."),
    ))]
#[post("/activities/{id}/photos")]
async fn add_photos(
    member: Member,
    id: web::Path<ActivityId>,
    clock: web::Data<Clock>,
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
    room: web::Data<UploadRoom>,
) -> Result<HttpResponse, Problem> {
    // Looked at before the body comes, so that nobody sends it for nothing.
    let activity = owned(&service, member, *id).await?;
    answer::check_version(&request, activity.version)?;
    let key = idempotency_key(&request)?;
    let received = photo_upload::receive_photos(&request, payload, room.of(member.account)).await?;
    let picture = |(index, (file, id, words)): (usize, (Vec<u8>, Option<PhotoId>, _))| {
        let keyed = || key.map(|key| service.keyed_photo(&activity, key, index));
        let id = id.or_else(keyed).unwrap_or_else(PhotoId::random);
        Picture { id, file: Arc::new(file), words }
    };
    let pictures = received.pictures.into_iter().enumerate().map(picture).collect();
    let kept = service.add_photos(&activity, pictures, clock.now()).await?;
    Ok(answer_kept(&kept))
}

/// A photo: whole for its owner; for others what they see of it, where they see its activity.
#[utoipa::path(tag = "photos", security((), ("token" = [])), params(("id" = PhotoId, Path)), responses(
    (status = 200, body = AnyPhotoBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/photos/{id}")]
async fn show_photo(
    viewer: Viewer,
    id: web::Path<PhotoId>,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    let Parts { service, commons, now, .. } = parts;
    if let Some(own) = service.db.photo(viewer, *id).await?.and_then(Sealed::claim) {
        let body = AnyPhotoBody::Own(Box::new(OwnPhotoBody::from(&*own)));
        return Ok(answer::versioned(StatusCode::OK, own.version, &body));
    }
    let seen = commons.photo(viewer, *id, now).await?.and_then(Sealed::open);
    let seen = seen.ok_or(Problem::NotFound)?;
    answer::json(&request, keep(seen.0, None), &PhotoBody::from(&seen))
}

/// Changes what is said of a photo, where it was taken, where it stands among the others, or whether it
/// stands for its activity. Others see the change with the answer.
#[utoipa::path(tag = "photos", security(("token" = [])),
    params(("id" = PhotoId, Path), ("If-Match" = Option<String>, Header)),
    request_body = PhotoEditBody,
    responses(
        (status = 200, body = OwnPhotoBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 412, body = Body, description = "It has changed meanwhile."), (status = 422, body = Body),
    ))]
#[patch("/photos/{id}")]
async fn edit_photo(
    member: Member,
    id: web::Path<PhotoId>,
    Json(body): Json<PhotoEditBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let edit = PhotoEdit::try_from(body)?;
    let edit = async |photo: &Owned<Photo>| {
        let activity = service.owned(member.account, photo.activity).await?;
        let activity = activity.ok_or(actions::Error::Stale)?;
        service.edit_photo(&activity, photo, &edit, now).await
    };
    let photo = changed(&service, member, *id, &request, edit).await?;
    Ok(answer::versioned(StatusCode::OK, photo.version, &OwnPhotoBody::from(&*photo)))
}

/// Deletes a photo with its file. With the answer nobody sees it any more.
#[utoipa::path(tag = "photos", security(("token" = [])),
    params(("id" = PhotoId, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204), (status = 401, body = Body), (status = 404, body = Body), (status = 412, body = Body),
    ))]
#[delete("/photos/{id}")]
async fn delete_photo(
    member: Member,
    id: web::Path<PhotoId>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let delete = async |photo: &Owned<Photo>| service.delete_photo(photo, now).await;
    changed(&service, member, *id, &request, delete).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The file of a photo, unchanged, for its owner.
#[utoipa::path(tag = "photos", security(("token" = [])), params(("id" = PhotoId, Path)), responses(
    (status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 304),
    (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/photos/{id}/original")]
async fn photo_original(
    member: Member,
    id: web::Path<PhotoId>,
    request: HttpRequest,
    service: web::Data<Service>,
    room: web::Data<AnswerRoom>,
    network: Network,
) -> Result<HttpResponse, Problem> {
    let photo = own(&service, member, *id).await?;
    let _turn = room.turn(network).await?;
    let file = service.photo_file(&photo).await?.ok_or(Problem::NotFound)?;
    Ok(answer::file(&request, Keep::Nobody, "application/octet-stream", "original", file))
}

/// A photo as a JPEG file of pixels alone: upright, in sRGB, without metadata.
#[utoipa::path(tag = "photos", security((), ("token" = [])),
    params(
        ("id" = PhotoId, Path), ("size" = String, Path, description = "`thumbnail`, `medium` or `large`."),
        RevisionQuery,
    ),
    responses(
        (status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 304),
        (status = 401, body = Body), (status = 404, body = Body, description = "Also while it is waiting."),
    ))]
#[get("/photos/{id}/{size}.jpg")]
async fn photo_size(
    viewer: Viewer,
    path: web::Path<(PhotoId, String)>,
    query: web::Query<RevisionQuery>,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    let (id, size) = path.into_inner();
    let size = PhotoSize::try_from(size.as_str()).map_err(|_| Problem::NotFound)?;
    let Parts { service, commons, now, .. } = &parts;
    if let Some(own) = service.db.photo(viewer, id).await?.and_then(Sealed::claim) {
        let sizes = own.sizes.as_ref().ok_or(Problem::NotFound)?;
        return jpeg(&parts, &request, sizes, size, Keep::Nobody).await;
    }
    let seen = commons.photo(viewer, id, *now).await?.and_then(Sealed::open);
    let seen = seen.ok_or(Problem::NotFound)?;
    let keep = keep(seen.0, query.v);
    jpeg(&parts, &request, &seen.1.sizes, size, keep).await
}

/// A size of a photo whose viewer may see it.
pub(super) async fn jpeg(
    parts: &Parts,
    request: &HttpRequest,
    sizes: &Sizes,
    size: PhotoSize,
    keep: Keep,
) -> Result<HttpResponse, Problem> {
    // Before the file is loaded: those who wait hold nothing.
    let _turn = parts.room.turn(parts.network).await?;
    let pixels = parts.service.photo_pixels(sizes, size).await?.ok_or(Problem::NotFound)?;
    Ok(answer::content(request, keep, "image/jpeg", pixels))
}

/// Who may keep what is seen by `visibility`, under an address with or without a revision.
fn keep(visibility: Visibility, revision: Option<u32>) -> Keep {
    match visibility {
        Visibility::Published if revision == Some(REVISION) => Keep::Viewer,
        Visibility::Published => Keep::Everyone,
        Visibility::Private | Visibility::Link | Visibility::Community => Keep::Nobody,
    }
}

/// A photo of the one who asks. Somebody else's is not there.
async fn own(service: &Service, member: Member, id: PhotoId) -> Result<Owned<Photo>, Problem> {
    service.own_photo(member.account, id).await?.ok_or(Problem::NotFound)
}

/// Changes a photo of the one who asks: the version that they have read, if they say which, or none.
async fn changed<T>(
    service: &Service,
    member: Member,
    id: PhotoId,
    request: &HttpRequest,
    change: impl AsyncFn(&Owned<Photo>) -> Result<T, actions::Error>,
) -> Result<T, Problem> {
    let read = async || {
        let photo = own(service, member, id).await?;
        answer::check_version(request, photo.version)?;
        Ok(photo)
    };
    retried(read, change).await
}

fn answer_kept(kept: &KeptPhotos) -> HttpResponse {
    let status = if kept.new { StatusCode::CREATED } else { StatusCode::OK };
    match kept.photos.as_slice() {
        [only] => answer::versioned(status, only.version, &OwnPhotoBody::from(&**only)),
        several => answer::made(status, &KeptPhotosBody::of(several)),
    }
}

impl TryFrom<PhotoEditBody> for PhotoEdit {
    type Error = Invalid;

    fn try_from(body: PhotoEditBody) -> Result<Self, Invalid> {
        let caption = |text: String| Caption::try_from(text.as_str());
        let alternative = |text: String| AlternativeText::try_from(text.as_str());
        let position = |[lon, lat]: [f64; 2]| Position::new(lon, lat);
        Ok(Self {
            caption: body.caption.map(|text| text.map(caption).transpose()).transpose()?,
            alternative_text: body
                .alternative_text
                .map(|text| text.map(alternative).transpose())
                .transpose()?,
            position: body.position.map(|place| place.map(position).transpose()).transpose()?,
            order: body.order,
            is_cover: body.is_cover,
        })
    }
}
