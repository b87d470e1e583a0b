//! Every column that is stored: what it is, why, how long, and what becomes of it. A test holds
//! this list against the live database, so nothing can be stored that is not explained here.

use serde::Serialize;

/// What a column says about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// Where someone was.
    Location,
    /// Anything else about someone.
    Personal,
    /// A password, code or key.
    Secret,
    /// Nothing about anyone.
    Technical,
}

/// How it lies in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// As it is.
    Plain,
    /// Encrypted with the key of its account, or of the server where there is no account.
    Sealed,
    /// As a hash or MAC, from which it cannot be had back.
    Hashed,
}

/// Until when it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// Until its owner deletes it, or the account goes.
    UntilDeleted,
    /// Until it is withdrawn; when the account goes, it is made anonymous or erased, as its owner
    /// chooses.
    UntilWithdrawn,
    /// For a period of `privacy::retention`.
    ForPeriod,
    /// As long as the service runs.
    WithService,
}

/// One stored column.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct Column {
    /// Its table, with the schema.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it says about a person.
    pub data: Data,
    /// How it lies there.
    pub form: Form,
    /// Until when.
    pub kept: Kept,
    /// Whether its owner gets it with an export.
    pub exported: bool,
    /// Why it is needed.
    pub purpose: &'static str,
}

use Data::{Location, Personal, Secret, Technical};
use Form::{Hashed, Plain, Sealed};
use Kept::{ForPeriod, UntilDeleted, UntilWithdrawn, WithService};

/// All of them.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    column("identity.accounts", "account_id", Personal, Plain, UntilDeleted, true, "Names the account."),
    column("identity.accounts", "email", Personal, Sealed, UntilDeleted, true, "Mail to its owner: codes, and what they asked for."),
    column("identity.accounts", "password_hash", Secret, Hashed, UntilDeleted, false, "Signing in (argon2id)."),
    column("identity.accounts", "profile", Personal, Sealed, UntilDeleted, true, "Given and family name and professional details, if given; and marks of former names and addresses, from which nobody reads them, so that no text of a work tells them once its author has left."),
    column("identity.accounts", "locale", Personal, Plain, UntilDeleted, true, "The language of mails."),
    column("identity.accounts", "policy_version", Personal, Plain, UntilDeleted, true, "Which policy was accepted."),
    column("identity.accounts", "policy_accepted_at", Personal, Plain, UntilDeleted, true, "When it was accepted."),
    column("identity.accounts", "zones_version", Technical, Plain, UntilDeleted, false, "Tells what was made for others under other zones."),
    column("identity.accounts", "created_at", Personal, Plain, UntilDeleted, true, "Since when there is an account."),
    column("identity.accounts", "restricted_at", Personal, Plain, UntilDeleted, true, "Since when its owner lets nothing be done with the data."),
    column("identity.accounts", "last_contact_on", Personal, Plain, UntilDeleted, true, "The day of the last contact; tells accounts that are no longer used."),
    column("identity.accounts", "warnings", Personal, Plain, UntilDeleted, true, "How often its owner was warned that it is no longer used."),
    column("identity.accounts", "warned_on", Personal, Plain, UntilDeleted, true, "When they were warned last."),
    column("identity.accounts", "erase_at", Personal, Plain, UntilDeleted, false, "When it is erased, once its owner has asked for that."),
    column("identity.account_keys", "account_id", Personal, Plain, UntilDeleted, false, "Whose key it is."),
    column("identity.account_keys", "wrapped", Secret, Sealed, UntilDeleted, false, "The key of all that is sealed for the account; with it gone, nothing opens."),
    column("identity.addresses", "email_hash", Personal, Hashed, UntilDeleted, false, "Finds the account of an address."),
    column("identity.addresses", "account_id", Personal, Plain, UntilDeleted, false, "The account that it finds."),
    column("identity.public_names", "name_hash", Personal, Hashed, ForPeriod, false, "Keeps a public name from being taken by another, also for a while after it was let go."),
    column("identity.public_names", "account_id", Personal, Plain, UntilDeleted, false, "Who bears the name, or bore it last."),
    column("identity.public_names", "free_at", Technical, Plain, ForPeriod, false, "When another may bear it."),
    column("identity.email_changes", "account_id", Personal, Plain, ForPeriod, false, "Whose address is to change."),
    column("identity.email_changes", "email", Personal, Sealed, ForPeriod, false, "The address it is to change to."),
    column("identity.email_changes", "old_code_hash", Secret, Hashed, ForPeriod, false, "Checks the mailed code."),
    column("identity.email_changes", "new_code_hash", Secret, Hashed, ForPeriod, false, "Checks the mailed code."),
    column("identity.email_changes", "attempts_left", Technical, Plain, ForPeriod, false, "Bounds guessing."),
    column("identity.email_changes", "expires_at", Technical, Plain, ForPeriod, false, "Ends the wait."),
    column("identity.registrations", "registration_id", Technical, Plain, ForPeriod, false, "Names the registration."),
    column("identity.registrations", "email_hash", Personal, Hashed, ForPeriod, false, "Finds what waits for a code."),
    column("identity.registrations", "content", Personal, Sealed, ForPeriod, false, "What the account will hold once the address is proved."),
    column("identity.registrations", "code_hash", Secret, Hashed, ForPeriod, false, "Checks the mailed code."),
    column("identity.registrations", "attempts_left", Technical, Plain, ForPeriod, false, "Bounds guessing."),
    column("identity.registrations", "expires_at", Technical, Plain, ForPeriod, false, "Ends the wait."),
    column("identity.sessions", "account_id", Personal, Plain, ForPeriod, true, "Whose device it is."),
    column("identity.sessions", "session_id", Personal, Plain, ForPeriod, true, "Names the session."),
    column("identity.sessions", "device", Personal, Sealed, ForPeriod, true, "Lets its owner tell devices apart."),
    column("identity.sessions", "salt", Secret, Plain, ForPeriod, false, "Makes refresh tokens; of no use without the server's secret."),
    column("identity.sessions", "generation", Technical, Plain, ForPeriod, false, "Tells a refresh token that was used twice."),
    column("identity.sessions", "created_at", Personal, Plain, ForPeriod, true, "When the device signed in."),
    column("identity.sessions", "rotated_at", Personal, Plain, ForPeriod, true, "When it was used last."),
    column("identity.sessions", "expires_at", Personal, Plain, ForPeriod, true, "When it ends unused."),
    column("identity.known_networks", "account_id", Personal, Plain, ForPeriod, false, "Who signed in."),
    column("identity.known_networks", "network_hash", Personal, Hashed, ForPeriod, false, "From which network, as a MAC: who guesses passwords elsewhere does not lock its owner out there."),
    column("identity.known_networks", "seen_at", Personal, Plain, ForPeriod, false, "When they did last."),
    column("identity.codes", "account_id", Personal, Plain, ForPeriod, false, "Who asked for a code."),
    column("identity.codes", "purpose", Technical, Plain, ForPeriod, false, "What the code is for."),
    column("identity.codes", "code_hash", Secret, Hashed, ForPeriod, false, "Checks the mailed code."),
    column("identity.codes", "attempts_left", Technical, Plain, ForPeriod, false, "Bounds guessing."),
    column("identity.codes", "expires_at", Technical, Plain, ForPeriod, false, "Ends the code."),
    column("vault.activities", "account_id", Personal, Plain, UntilDeleted, true, "Whose activity it is."),
    column("vault.activities", "activity_id", Personal, Plain, UntilDeleted, true, "Names the activity."),
    column("vault.activities", "kind", Personal, Plain, UntilDeleted, true, "Recorded or planned; to filter one's list."),
    column("vault.activities", "sport", Personal, Plain, UntilDeleted, true, "To filter one's list."),
    column("vault.activities", "visibility", Personal, Plain, UntilDeleted, true, "Whom it reaches."),
    column("vault.activities", "started_at", Personal, Plain, UntilDeleted, true, "To sort one's list."),
    column("vault.activities", "distance_m", Personal, Plain, UntilDeleted, true, "To sort and sum up."),
    column("vault.activities", "moving_s", Personal, Plain, UntilDeleted, true, "To sort and sum up."),
    column("vault.activities", "details", Location, Sealed, UntilDeleted, true, "Title, description, numbers, waypoints."),
    column("vault.activities", "is_shown", Technical, Plain, UntilDeleted, false, "Whether others have a rendition of it now."),
    column("vault.activities", "zones_version", Technical, Plain, UntilDeleted, false, "Under which zones that was made."),
    column("vault.activities", "version", Technical, Plain, UntilDeleted, false, "Keeps edits from overwriting each other."),
    column("vault.activities", "created_at", Personal, Plain, UntilDeleted, true, "When it was kept."),
    column("vault.activities", "updated_at", Personal, Plain, UntilDeleted, true, "When it was changed last."),
    column("vault.activities", "published_until", Personal, Plain, UntilDeleted, true, "When everyone shall see it no more."),
    column("vault.links", "account_id", Personal, Plain, UntilDeleted, true, "Whose link it is."),
    column("vault.links", "activity_id", Personal, Plain, UntilDeleted, true, "Which activity it opens."),
    column("vault.links", "link_id", Personal, Plain, UntilDeleted, true, "Names the link."),
    column("vault.links", "content", Personal, Sealed, UntilDeleted, true, "What its owner calls it."),
    column("vault.links", "created_at", Personal, Plain, UntilDeleted, true, "When it was made."),
    column("vault.consents", "account_id", Personal, Plain, UntilDeleted, true, "Who decided."),
    column("vault.consents", "consent", Personal, Plain, UntilDeleted, true, "About what."),
    column("vault.consents", "decided_at", Personal, Plain, UntilDeleted, true, "When; what was decided before stays."),
    column("vault.consents", "is_given", Personal, Plain, UntilDeleted, true, "Whether they agreed."),
    column("vault.blocks", "account_id", Personal, Plain, UntilDeleted, true, "Who keeps away from someone."),
    column("vault.blocks", "member_id", Personal, Plain, UntilDeleted, true, "From whom."),
    column("vault.blocks", "created_at", Personal, Plain, UntilDeleted, true, "Since when."),
    column("vault.zones", "account_id", Personal, Plain, UntilDeleted, true, "Whose zone it is."),
    column("vault.zones", "zone_id", Personal, Plain, UntilDeleted, true, "Names the zone."),
    column("vault.zones", "content", Location, Sealed, UntilDeleted, true, "The place that is hidden, how far around it, and what its owner calls it."),
    column("vault.zones", "version", Technical, Plain, UntilDeleted, false, "Keeps edits from overwriting each other."),
    column("vault.zones", "created_at", Personal, Plain, UntilDeleted, true, "When it was made."),
    column("vault.zones", "updated_at", Personal, Plain, UntilDeleted, true, "When it was changed last."),
    column("vault.tracks", "account_id", Personal, Plain, UntilDeleted, true, "Whose track it is."),
    column("vault.tracks", "activity_id", Personal, Plain, UntilDeleted, true, "Which activity it belongs to."),
    column("vault.tracks", "track", Location, Sealed, UntilDeleted, true, "The exact track."),
    column("vault.originals", "account_id", Personal, Plain, UntilDeleted, true, "Whose file it is."),
    column("vault.originals", "activity_id", Personal, Plain, UntilDeleted, true, "Which activity came from it."),
    column("vault.originals", "blob", Technical, Plain, UntilDeleted, false, "Where the sealed file lies in the blob store."),
    column("vault.originals", "bytes", Personal, Plain, UntilDeleted, false, "How long the file is."),
    column("vault.archives", "account_id", Personal, Plain, ForPeriod, true, "Whose archive it is."),
    column("vault.archives", "archive_id", Personal, Plain, ForPeriod, true, "Names the archive."),
    column("vault.archives", "direction", Personal, Plain, ForPeriod, true, "Handed over, or taken in."),
    column("vault.archives", "state", Personal, Plain, ForPeriod, true, "What became of it."),
    column("vault.archives", "step", Technical, Plain, ForPeriod, false, "Lets each step be taken once."),
    column("vault.archives", "done", Technical, Plain, ForPeriod, false, "Tells how far it is."),
    column("vault.archives", "total", Technical, Plain, ForPeriod, false, "Of how much."),
    column("vault.archives", "progress", Technical, Sealed, ForPeriod, false, "Tells where to go on."),
    column("vault.archives", "created_at", Personal, Plain, ForPeriod, true, "When it was asked for."),
    column("vault.archives", "expires_at", Personal, Plain, ForPeriod, true, "When it goes."),
    column("vault.archive_segments", "account_id", Personal, Plain, ForPeriod, false, "Whose archive it is part of."),
    column("vault.archive_segments", "archive_id", Technical, Plain, ForPeriod, false, "Which archive it is part of."),
    column("vault.archive_segments", "role", Technical, Plain, ForPeriod, false, "Content, or directory of an archive that is being made."),
    column("vault.archive_segments", "number", Technical, Plain, ForPeriod, false, "Which part."),
    column("vault.archive_segments", "blob", Technical, Plain, ForPeriod, false, "Where the sealed part lies in the blob store."),
    column("vault.archive_segments", "bytes", Technical, Plain, ForPeriod, false, "How long it is."),
    column("vault.access_log", "account_id", Personal, Plain, ForPeriod, true, "Whose account it is about."),
    column("vault.access_log", "at", Personal, Plain, ForPeriod, true, "When."),
    column("vault.access_log", "entry_id", Technical, Plain, ForPeriod, true, "Names the entry."),
    column("vault.access_log", "content", Personal, Sealed, ForPeriod, true, "Who was at the account: sign-ins, exports, links used, staff access."),
    column("vault.link_openings", "account_id", Personal, Plain, ForPeriod, false, "Whose link it is."),
    column("vault.link_openings", "activity_id", Personal, Plain, ForPeriod, false, "Which activity it opens."),
    column("vault.link_openings", "link_id", Technical, Plain, ForPeriod, false, "Which link."),
    column("vault.link_openings", "day", Technical, Plain, ForPeriod, false, "On which day; once it is over, the access log tells it."),
    column("vault.link_openings", "opened", Technical, Plain, ForPeriod, false, "How often it was opened; not by whom."),
    column("vault.activities", "photos_version", Technical, Plain, UntilDeleted, false, "Tells what was made for others with other photos."),
    column("vault.photos", "account_id", Personal, Plain, UntilDeleted, true, "Whose photo it is."),
    column("vault.photos", "photo_id", Personal, Plain, UntilDeleted, true, "Names the photo."),
    column("vault.photos", "activity_id", Personal, Plain, UntilDeleted, true, "Which activity it belongs to."),
    column("vault.photos", "rank", Personal, Plain, UntilDeleted, true, "In which order they are shown."),
    column("vault.photos", "is_cover", Personal, Plain, UntilDeleted, true, "Whether it stands for its activity."),
    column("vault.photos", "state", Technical, Plain, UntilDeleted, false, "Whether it can be looked at."),
    column("vault.photos", "details", Location, Sealed, UntilDeleted, true, "Caption, alternative text, when and where it was taken, and the key of its sizes."),
    column("vault.photos", "original", Technical, Plain, UntilDeleted, false, "Where the sealed file lies in the blob store."),
    column("vault.photos", "original_bytes", Personal, Plain, UntilDeleted, false, "How long the file is; to bound what an account keeps."),
    column("vault.photos", "thumbnail", Technical, Plain, UntilDeleted, false, "Where its smallest size lies sealed in the blob store."),
    column("vault.photos", "medium", Technical, Plain, UntilDeleted, false, "Where its middle size lies sealed in the blob store."),
    column("vault.photos", "large", Technical, Plain, UntilDeleted, false, "Where its largest size lies sealed in the blob store."),
    column("vault.photos", "version", Technical, Plain, UntilDeleted, false, "Keeps edits from overwriting each other."),
    column("vault.photos", "created_at", Personal, Plain, UntilDeleted, true, "When it was kept."),
    column("vault.photos", "updated_at", Personal, Plain, UntilDeleted, true, "When it was changed last."),
    column("commons.photos", "photo_id", Technical, Plain, UntilWithdrawn, false, "Names the photo."),
    column("commons.photos", "activity_id", Technical, Plain, UntilWithdrawn, false, "The rendition that it goes with."),
    column("commons.photos", "rank", Technical, Plain, UntilWithdrawn, false, "In which order they are shown."),
    column("commons.photos", "is_cover", Technical, Plain, UntilWithdrawn, false, "Whether it stands for its activity."),
    column("commons.photos", "caption", Personal, Plain, UntilWithdrawn, false, "What its author writes under it."),
    column("commons.photos", "alternative_text", Personal, Plain, UntilWithdrawn, false, "What is in it, for those who do not see it."),
    column("commons.photos", "place", Location, Plain, UntilWithdrawn, false, "Where it was taken, outside what is hidden."),
    column("commons.photos", "appearance", Technical, Plain, UntilWithdrawn, false, "How large its sizes are, its colour and a placeholder."),
    column("commons.photos", "key", Technical, Plain, UntilWithdrawn, false, "Opens its sizes, as long as others may see them."),
    column("commons.photos", "thumbnail", Technical, Plain, UntilWithdrawn, false, "Where its smallest size lies sealed in the blob store."),
    column("commons.photos", "medium", Technical, Plain, UntilWithdrawn, false, "Where its middle size lies sealed in the blob store."),
    column("commons.photos", "large", Technical, Plain, UntilWithdrawn, false, "Where its largest size lies sealed in the blob store."),
    column("commons.member_pictures", "member_id", Personal, Plain, UntilDeleted, true, "Whose picture it is."),
    column("commons.member_pictures", "picture", Personal, Plain, UntilDeleted, true, "Stands beside the public name; made anew from what was uploaded, without metadata."),
    column("commons.community_pictures", "community_id", Technical, Plain, WithService, false, "Whose picture it is."),
    column("commons.community_pictures", "picture", Technical, Plain, WithService, false, "Stands beside the name of the community; made anew, without metadata."),
    column("ops.photo_ids", "photo_id", Technical, Plain, WithService, false, "Keeps an id from being used twice, so that none tells whether its photo still exists."),
    column("ops.photo_ids", "account_id", Personal, Plain, UntilDeleted, false, "Who used the id."),
    column("commons.members", "member_id", Personal, Plain, UntilDeleted, true, "Names the member."),
    column("commons.members", "public_name", Personal, Plain, UntilDeleted, true, "Stands beside what they publish."),
    column("commons.members", "is_hidden", Personal, Plain, UntilDeleted, false, "Whether they let nothing be done with their data, and so are seen by nobody."),
    column("commons.renditions", "activity_id", Technical, Plain, UntilWithdrawn, true, "Names the rendition."),
    column("commons.renditions", "author_id", Personal, Plain, UntilWithdrawn, true, "Whose work it is."),
    column("commons.renditions", "visibility", Technical, Plain, UntilWithdrawn, true, "Whom it reaches."),
    column("commons.renditions", "kind", Technical, Plain, UntilWithdrawn, true, "Recorded or planned."),
    column("commons.renditions", "sport", Personal, Plain, UntilWithdrawn, true, "What others find it by."),
    column("commons.renditions", "title", Personal, Plain, UntilWithdrawn, true, "What its author calls it."),
    column("commons.renditions", "description", Personal, Plain, UntilWithdrawn, true, "What its author writes."),
    column("commons.renditions", "day", Personal, Plain, UntilWithdrawn, true, "The day, without the hour."),
    column("commons.renditions", "statistics", Location, Plain, UntilWithdrawn, true, "Numbers of the visible parts."),
    column("commons.renditions", "waypoints", Location, Plain, UntilWithdrawn, true, "Points of interest outside what is hidden."),
    column("commons.renditions", "track", Location, Plain, UntilWithdrawn, true, "The visible parts of the line."),
    column("commons.renditions", "hour", Personal, Plain, UntilWithdrawn, true, "The hour, where its author shows it."),
    column("commons.renditions", "is_counted", Technical, Plain, UntilWithdrawn, true, "Whether it counts in the totals of its author."),
    column("commons.renditions", "published_until", Technical, Plain, UntilWithdrawn, true, "When everyone sees it no more."),
    column("commons.published", "activity_id", Technical, Plain, UntilWithdrawn, false, "Which rendition it finds."),
    column("commons.published", "start", Location, Plain, UntilWithdrawn, false, "Where the visible line starts; to find it nearby."),
    column("commons.published", "kind", Technical, Plain, UntilWithdrawn, false, "To filter what is nearby."),
    column("commons.published", "sport", Technical, Plain, UntilWithdrawn, false, "To filter what is nearby."),
    column("commons.published", "distance_m", Technical, Plain, UntilWithdrawn, false, "To filter what is nearby."),
    column("commons.published", "ascent_m", Technical, Plain, UntilWithdrawn, false, "To filter what is nearby."),
    column("commons.published", "author_id", Personal, Plain, UntilWithdrawn, false, "Keeps it from those that its author keeps away from."),
    column("commons.published", "published_until", Technical, Plain, UntilWithdrawn, false, "When it is found no more."),
    column("commons.published", "day", Technical, Plain, UntilWithdrawn, false, "To filter and sort what is published."),
    column("commons.published", "moving_s", Technical, Plain, UntilWithdrawn, false, "To filter what is published."),
    column("commons.published", "line", Location, Plain, UntilWithdrawn, false, "The visible line in few points; to find it by place."),
    column("commons.published", "words", Personal, Plain, UntilWithdrawn, false, "The words of title, description and waypoints, and the names of the towns that its visible line passes; to find it by them."),
    column("commons.published", "rating", Technical, Plain, UntilWithdrawn, false, "The mean of its reviews; to filter and sort what is published."),
    column("commons.renditions", "rating", Technical, Plain, UntilWithdrawn, false, "The mean of its reviews."),
    column("commons.reviews", "review_id", Technical, Plain, UntilWithdrawn, true, "Names the review."),
    column("commons.reviews", "activity_id", Personal, Plain, UntilWithdrawn, true, "What was reviewed."),
    column("commons.reviews", "reviewer_id", Personal, Plain, UntilWithdrawn, true, "Who wrote it; nobody, once they have left."),
    column("commons.reviews", "rating", Personal, Plain, UntilWithdrawn, true, "What they think of it, from 1 to 5."),
    column("commons.reviews", "text", Personal, Plain, UntilWithdrawn, true, "What they write about it."),
    column("commons.reviews", "written_on", Personal, Plain, UntilWithdrawn, true, "The day they wrote it; of who has left, the month."),
    column("commons.reviews", "is_shown", Technical, Plain, UntilWithdrawn, false, "Whether others see it, and it counts: not while its reviewer lets nothing be done with their data, or is about to leave."),
    column("commons.published_lines", "activity_id", Technical, Plain, UntilWithdrawn, false, "Which rendition is drawn on maps."),
    column("commons.published_lines", "zoom", Technical, Plain, UntilWithdrawn, false, "For which maps."),
    column("commons.published_lines", "line", Location, Plain, UntilWithdrawn, false, "The visible line as they draw it."),
    column("commons.published_lines", "length_class", Technical, Plain, UntilWithdrawn, false, "How long it is, roughly; to draw the longest first."),
    column("commons.published_waypoints", "activity_id", Personal, Plain, UntilWithdrawn, false, "Of which activity a point of interest is."),
    column("commons.published_waypoints", "number", Technical, Plain, UntilWithdrawn, false, "Which one of its rendition."),
    column("commons.published_waypoints", "place", Location, Plain, UntilWithdrawn, false, "Where it lies, outside every zone; to find it by place."),
    column("commons.published_waypoints", "waypoint", Location, Plain, UntilWithdrawn, false, "The same with its name and text, as its rendition has it."),
    column("commons.heat_cells", "zoom", Technical, Plain, ForPeriod, false, "For which maps."),
    column("commons.heat_cells", "x", Technical, Plain, ForPeriod, false, "Which square of them."),
    column("commons.heat_cells", "y", Technical, Plain, ForPeriod, false, "Which square of them."),
    column("commons.heat_cells", "members", Technical, Plain, ForPeriod, false, "How many members at least pass through, of those who agreed: five or more, rounded."),
    column("commons.open_data", "activity_id", Technical, Plain, ForPeriod, false, "Which activity is in the open data, or was: so that who has a copy can remove it."),
    column("commons.open_data", "published_id", Technical, Plain, UntilWithdrawn, false, "Which rendition it is; nothing from the moment on that it is withdrawn."),
    column("commons.open_data", "issue", Technical, Plain, ForPeriod, false, "With which issue it came."),
    column("commons.open_data", "withdrawn_on", Technical, Plain, ForPeriod, false, "The day of the first issue without it; its id goes 30 days later."),
    column("commons.open_data_issues", "issue", Technical, Plain, WithService, false, "Tells an issue of the open data from the one before."),
    column("commons.open_data_issues", "made_on", Technical, Plain, WithService, false, "The day it was made."),
    column("commons.open_data_issues", "features", Technical, Plain, WithService, false, "How many activities were in it."),
    column("commons.start_counts", "zoom", Technical, Plain, UntilWithdrawn, false, "For which maps."),
    column("commons.start_counts", "x", Technical, Plain, UntilWithdrawn, false, "In which square of them."),
    column("commons.start_counts", "y", Technical, Plain, UntilWithdrawn, false, "In which square of them."),
    column("commons.start_counts", "change", Technical, Plain, UntilWithdrawn, false, "How many visible lines start there."),
    column("commons.title_words", "word", Personal, Plain, UntilWithdrawn, false, "A word of published titles; to find those that are spelt like what somebody types."),
    column("commons.title_words", "change", Technical, Plain, UntilWithdrawn, false, "How many published titles have it."),
    column("commons.community_starts", "community_id", Technical, Plain, UntilWithdrawn, false, "In which community it is found."),
    column("commons.community_starts", "activity_id", Technical, Plain, UntilWithdrawn, false, "Which rendition it finds."),
    column("commons.community_starts", "start", Location, Plain, UntilWithdrawn, false, "Where the visible line starts; to find it nearby."),
    column("commons.community_starts", "line", Location, Plain, UntilWithdrawn, false, "The visible line in few points; to find it by place."),
    column("commons.community_starts", "author_id", Personal, Plain, UntilWithdrawn, false, "Keeps it from those that its author keeps away from."),
    column("commons.community_starts", "kind", Technical, Plain, UntilWithdrawn, false, "To filter what is nearby."),
    column("commons.community_starts", "sport", Technical, Plain, UntilWithdrawn, false, "To filter what is nearby."),
    column("commons.community_starts", "day", Technical, Plain, UntilWithdrawn, false, "To filter what is nearby."),
    column("commons.community_starts", "distance_m", Technical, Plain, UntilWithdrawn, false, "To filter what is nearby."),
    column("commons.community_starts", "ascent_m", Technical, Plain, UntilWithdrawn, false, "To filter what is nearby."),
    column("commons.community_starts", "moving_s", Technical, Plain, UntilWithdrawn, false, "To filter what is nearby."),
    column("commons.links", "token_hash", Secret, Hashed, UntilWithdrawn, false, "Finds what a link opens."),
    column("commons.links", "link_id", Technical, Plain, UntilWithdrawn, true, "Names the link."),
    column("commons.links", "activity_id", Technical, Plain, UntilWithdrawn, true, "What it opens."),
    column("commons.links", "password_hash", Secret, Hashed, UntilWithdrawn, false, "Checks its password (argon2id)."),
    column("commons.links", "expires_at", Technical, Plain, UntilWithdrawn, true, "When it opens nothing any more."),
    column("commons.links", "opened", Technical, Plain, UntilWithdrawn, true, "How often it was opened; not by whom."),
    column("commons.communities", "community_id", Technical, Plain, WithService, true, "Names the community."),
    column("commons.communities", "name", Technical, Plain, WithService, true, "What it is called."),
    column("commons.communities", "description", Technical, Plain, WithService, true, "What it is about."),
    column("commons.communities", "visibility", Technical, Plain, WithService, true, "Whether anyone joins, or who is approved."),
    column("commons.communities", "version", Technical, Plain, WithService, false, "Keeps edits from overwriting each other."),
    column("commons.communities", "created_at", Technical, Plain, WithService, true, "Since when there is one."),
    column("commons.memberships", "community_id", Personal, Plain, UntilDeleted, true, "Of which community."),
    column("commons.memberships", "member_id", Personal, Plain, UntilDeleted, true, "Who is a member."),
    column("commons.memberships", "role", Personal, Plain, UntilDeleted, true, "What they may do there."),
    column("commons.memberships", "joined_at", Personal, Plain, UntilDeleted, true, "Since when."),
    column("commons.membership_requests", "community_id", Personal, Plain, UntilDeleted, true, "Which community they want to join."),
    column("commons.membership_requests", "member_id", Personal, Plain, UntilDeleted, true, "Who wants to join."),
    column("commons.membership_requests", "asked_at", Personal, Plain, UntilDeleted, true, "When they asked."),
    column("commons.bans", "community_id", Personal, Plain, UntilDeleted, false, "Which community they are kept out of."),
    column("commons.bans", "member_id", Personal, Plain, UntilDeleted, false, "Who is kept out."),
    column("commons.bans", "banned_at", Personal, Plain, UntilDeleted, false, "Since when."),
    column("commons.bans", "was_known", Personal, Plain, UntilDeleted, false, "Whether who kept them out knew them."),
    column("commons.community_activities", "community_id", Technical, Plain, UntilWithdrawn, true, "Which community it is shared with."),
    column("commons.community_activities", "activity_id", Technical, Plain, UntilWithdrawn, true, "What is shared."),
    column("commons.community_activities", "author_id", Personal, Plain, UntilWithdrawn, true, "Whose it is: it goes when they leave the community."),
    column("ops.secrets", "purpose", Technical, Plain, WithService, false, "What the secret is for."),
    column("ops.secrets", "generation", Technical, Plain, WithService, false, "Tells a new secret from an old one."),
    column("ops.secrets", "wrapped", Secret, Sealed, WithService, false, "A secret of the server."),
    column("ops.secrets", "created_at", Technical, Plain, WithService, false, "When it was made."),
    column("ops.activity_ids", "activity_id", Technical, Plain, WithService, false, "Keeps an id from being used twice, so that none tells whether its activity still exists."),
    column("ops.activity_ids", "account_id", Personal, Plain, UntilDeleted, false, "Who used the id."),
    column("ops.jobs", "job_id", Technical, Plain, ForPeriod, false, "Names the job."),
    column("ops.jobs", "account_id", Personal, Plain, ForPeriod, false, "Whom the job is for, so that it goes with the account."),
    column("ops.jobs", "kind", Technical, Plain, ForPeriod, false, "What is to be done."),
    column("ops.jobs", "content", Personal, Sealed, ForPeriod, false, "What the job needs, such as the mail to send."),
    column("ops.jobs", "run_at", Technical, Plain, ForPeriod, false, "When it is due."),
    column("ops.jobs", "attempts", Technical, Plain, ForPeriod, false, "How often it was tried."),
    column("ops.jobs", "lease", Technical, Plain, ForPeriod, false, "Which worker has it."),
    column("ops.jobs", "leased_until", Technical, Plain, ForPeriod, false, "Until when."),
    column("ops.jobs", "failed_at", Technical, Plain, ForPeriod, false, "When it was given up."),
    column("ops.jobs", "lane", Technical, Plain, ForPeriod, false, "Which jobs it waits for."),
    column("ops.schedule", "task", Technical, Plain, WithService, false, "Which task."),
    column("ops.schedule", "ran_at", Technical, Plain, WithService, false, "When it ran last."),
    column("ops.schedule", "done_at", Technical, Plain, WithService, false, "When it was last carried through."),
    column("ops.diagnostics", "report_id", Technical, Plain, ForPeriod, false, "Names a problem report."),
    column("ops.diagnostics", "content", Personal, Sealed, ForPeriod, false, "Device type, system, browser, version, what somebody wrote, and a shortened network address; not who."),
    column("ops.diagnostics", "received_at", Technical, Plain, ForPeriod, false, "When it came."),
    column("ops.throttles", "subject", Personal, Hashed, ForPeriod, false, "Whose attempts are counted: an address or a network, as a MAC."),
    column("ops.throttles", "clear_at", Technical, Plain, ForPeriod, false, "When the attempts are paid off."),
    column("ops.erasures", "erasure_id", Technical, Plain, ForPeriod, false, "Names the erasure: the number of its receipt."),
    column("ops.erasures", "account_id", Personal, Plain, ForPeriod, false, "Whose account it was, so that it stays erased when a backup is restored."),
    column("ops.erasures", "choices", Personal, Sealed, ForPeriod, false, "What its owner wanted to become of what they shared; to do the same after a restore."),
    column("ops.erasures", "remembered", Personal, Sealed, ForPeriod, false, "The public name, while it can be taken back."),
    column("ops.erasures", "texts", Personal, Sealed, ForPeriod, false, "Which texts occur more than once, as hashes, while works are made anonymous."),
    column("ops.erasures", "requested_at", Personal, Plain, ForPeriod, false, "When it was asked for."),
    column("ops.erasures", "erase_at", Personal, Plain, ForPeriod, false, "When it begins."),
    column("ops.erasures", "anonymised", Technical, Plain, ForPeriod, false, "How many works were made anonymous."),
    column("ops.erasures", "erased", Technical, Plain, ForPeriod, false, "How many activities were erased."),
    column("ops.erasures", "is_noted", Technical, Plain, ForPeriod, false, "Whether it is written down outside the database too."),
    column("ops.erasures", "told_at", Technical, Plain, ForPeriod, false, "When the receipt was written."),
    column("ops.erasures", "undone_at", Technical, Plain, ForPeriod, false, "When its owner took it back."),
    column("ops.erasures", "done_at", Technical, Plain, ForPeriod, false, "When all was erased."),
    column("ops.erasures", "expires_at", Technical, Plain, ForPeriod, false, "When no backup holds the account any more."),
    column("ops.erasures", "photos", Technical, Plain, ForPeriod, false, "How many photos stay with works that were made anonymous."),
];

const fn column(
    table: &'static str,
    name: &'static str,
    data: Data,
    form: Form,
    kept: Kept,
    exported: bool,
    purpose: &'static str,
) -> Column {
    Column { table, name, data, form, kept, exported, purpose }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wall, seen from here: what tells where someone was lies sealed, unless it was shared.
    #[test]
    fn locations_are_sealed_unless_they_were_shared() {
        for column in COLUMNS.iter().filter(|column| column.data == Data::Location) {
            let shared = column.table.starts_with("commons.");
            assert_eq!(column.form == Form::Plain, shared, "{}.{}", column.table, column.name);
        }
    }

    #[test]
    fn secrets_are_never_exported_and_never_readable() {
        for column in COLUMNS.iter().filter(|column| column.data == Data::Secret) {
            assert!(!column.exported, "{}.{}", column.table, column.name);
            let salt = (column.table, column.name) == ("identity.sessions", "salt");
            assert_eq!(column.form == Form::Plain, salt, "{}.{}", column.table, column.name);
        }
    }
}
