//! `/activities/{id}/photos` and `/shared/{token}/photos`: the photos of an activity, for whoever sees it.

use actix_web::{FromRequest, HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::line::AsQuery;
use super::photo_body::{AlbumBody, PhotoBody};
use super::photos::jpeg;
use super::problem::{Body, Problem};
use super::session::Parts;
use super::shared::{Opened, unlisted};
use crate::access::{Sealed, Viewer};
use crate::db::Commons;
use crate::db::commons::PublicPhoto;
use crate::domain::{ActivityId, PhotoId, PhotoSize, Visibility};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(activity_photos)
        .service(shared_photos)
        .service(shared_photo)
        .service(shared_photo_size);
}

/// The photos of an activity, in their order. For its owner all of them; for others, and with `?as=` for
/// its owner too, those that can be looked at.
#[utoipa::path(tag = "photos", security((), ("token" = [])), params(("id" = ActivityId, Path), AsQuery), responses(
    (status = 200, body = AlbumBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
    (status = 409, body = Body, description = "Nothing would be left to show."), (status = 422, body = Body),
))]
#[get("/activities/{id}/photos")]
async fn activity_photos(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    let Parts { service, commons, now, .. } = parts;
    let look = query.parse()?;
    if let Some(own) = service.db.activity(viewer, *id).await?.and_then(Sealed::claim) {
        let body = match look {
            None => AlbumBody::own(&service.db.photos(&own).await?),
            Some(audience) => {
                AlbumBody::public(&service.preview_photos(&own, audience, now).await?)
            }
        };
        return answer::json(&request, Keep::Nobody, &body);
    }
    let album = commons.album(viewer, *id, now).await?.and_then(Sealed::open);
    let album = album.ok_or(Problem::NotFound)?;
    let keep = match album.0 {
        Visibility::Published => Keep::Everyone,
        Visibility::Private | Visibility::Link | Visibility::Community => Keep::Nobody,
    };
    answer::json(&request, keep, &AlbumBody::public(&album.1))
}

/// The photos behind a link, in their order.
#[utoipa::path(tag = "sharing",
    params(("token" = String, Path), ("Link-Pass" = Option<String>, Header)),
    responses((status = 200, body = AlbumBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body)))]
#[get("/shared/{token}/photos")]
async fn shared_photos(
    opened: Opened,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let photos = behind(&opened, &request, &commons).await?;
    Ok(unlisted(answer::json(&request, Keep::Nobody, &AlbumBody::public(&photos))?))
}

/// A photo behind a link.
#[utoipa::path(tag = "sharing",
    params(("token" = String, Path), ("photo" = PhotoId, Path), ("Link-Pass" = Option<String>, Header)),
    responses((status = 200, body = PhotoBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body)))]
#[get("/shared/{token}/photos/{photo}")]
async fn shared_photo(
    opened: Opened,
    path: web::Path<(String, PhotoId)>,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let photo = one_behind(&opened, path.1, &request, &commons).await?;
    Ok(unlisted(answer::json(&request, Keep::Nobody, &PhotoBody::of(&photo))?))
}

/// A photo behind a link, as a JPEG file.
#[utoipa::path(tag = "sharing",
    params(
        ("token" = String, Path), ("photo" = PhotoId, Path), ("Link-Pass" = Option<String>, Header),
        ("size" = String, Path, description = "`thumbnail`, `medium` or `large`."),
    ),
    responses(
        (status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 304),
        (status = 401, body = Body), (status = 404, body = Body),
    ))]
#[get("/shared/{token}/photos/{photo}/{size}.jpg")]
async fn shared_photo_size(
    opened: Opened,
    path: web::Path<(String, PhotoId, String)>,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    let (_, id, size) = path.into_inner();
    let size = PhotoSize::try_from(size.as_str()).map_err(|_| Problem::NotFound)?;
    let photo = one_behind(&opened, id, &request, &parts.commons).await?;
    Ok(unlisted(jpeg(&parts, &request, &photo.sizes, size, Keep::Nobody).await?))
}

async fn one_behind(
    opened: &Opened,
    id: PhotoId,
    request: &HttpRequest,
    commons: &Commons,
) -> Result<PublicPhoto, Problem> {
    let photos = behind(opened, request, commons).await?;
    photos.into_iter().find(|photo| photo.id == id).ok_or(Problem::NotFound)
}

/// The photos behind a link. It is followed once more in the end: what was read in between is for those
/// whom it still leads there.
async fn behind(
    opened: &Opened,
    request: &HttpRequest,
    commons: &Commons,
) -> Result<Vec<PublicPhoto>, Problem> {
    let photos = commons.photos_of(&opened.seen).await?;
    let again = Opened::extract(request).await?;
    if again.seen.0.id != opened.seen.0.id {
        return Err(Problem::NotFound);
    }
    Ok(photos)
}
