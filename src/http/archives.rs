//! What exports and imports have in common: how far they are.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::problem::Problem;
use super::session::Member;
use crate::actions::Service;
use crate::actions::archives::{Made, Taken};
use crate::db::vault::Archive;
use crate::domain::{ArchiveId, ArchiveState, Direction};

/// An archive of the account, or one for it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Archive)]
pub struct ArchiveBody {
    id: ArchiveId,
    /// `receiving`, `working`, `finished` or `failed`.
    state: &'static str,
    /// How many of the activities are done.
    progress: ProgressBody,
    /// How long a finished export is.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// What an import came to so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<Taken>,
    created_at: DateTime<Utc>,
    /// When it goes.
    expires_at: DateTime<Utc>,
}

/// How far something is.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ArchiveProgress)]
struct ProgressBody {
    done: i32,
    total: i32,
}

impl From<Archive> for ArchiveBody {
    fn from(archive: Archive) -> Self {
        let is_ready =
            archive.direction == Direction::Export && archive.state == ArchiveState::Finished;
        Self {
            id: archive.id,
            state: archive.state.name(),
            progress: ProgressBody { done: archive.done, total: archive.total },
            bytes: is_ready.then(|| Made::of(&archive).bytes),
            taken: (archive.direction == Direction::Import).then(|| Taken::of(&archive)),
            created_at: archive.created_at,
            expires_at: archive.expires_at,
        }
    }
}

/// One of the archives of who asks, if it goes that way.
pub(super) async fn own(
    service: &Service,
    member: Member,
    id: ArchiveId,
    direction: Direction,
) -> Result<Archive, Problem> {
    let archive = service.db.archive(member.account, id).await?;
    let archive = archive.filter(|archive| archive.direction == direction);
    archive.ok_or(Problem::NotFound)
}
