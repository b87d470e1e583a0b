//! Identifiers: one type each, so that no two can be swapped.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id. Random (version 4), because a time-ordered id would tell when it was made.
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// Names an account, and the member that others see of it.
    AccountId;
    /// Names an activity, and its rendition.
    ActivityId;
    /// Names a sign-in of one device.
    SessionId;
    /// Names a registration that waits for its mailed code.
    RegistrationId;
    /// Names a job.
    JobId;
    /// Names a privacy zone.
    ZoneId;
    /// Names a share link.
    LinkId;
    /// Names a community.
    CommunityId;
    /// Names a sealed file in the blob store.
    BlobId;
    /// Names an archive that an account is handed over in, or taken in from.
    ArchiveId;
    /// Names an entry of an access log.
    EntryId;
    /// Names a photo, and what others see of it.
    PhotoId;
    /// Names a review of an activity.
    ReviewId;
    /// Names the erasure of an account: the number of its receipt.
    ErasureId;
}

/// Ids that clients make and others see.
macro_rules! made_by_clients {
    ($($name:ident),+) => {$(
        impl $name {
            /// Whether it has the form of a random id. Others tell when and on which device they were
            /// made, and others will see this one.
            pub fn is_random(self) -> bool {
                self.0.get_version_num() == 4 && self.0.get_variant() == uuid::Variant::RFC4122
            }

            /// The id that stands for `bits` (of which version and variant are overwritten), in the
            /// form of a random one.
            pub fn from_random_bits(bits: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bits).into_uuid())
            }
        }
    )+};
}

made_by_clients!(ActivityId, PhotoId);
