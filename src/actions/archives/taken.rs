//! What the lines of an archive come to in an account.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::lines::{
    AccountLine, BlockLine, Parsed, ParsedLink, ParsedPhoto, PictureLine, UNFIT, ZoneLine, dates,
    lines_of, past,
};
use crate::access::{Owned, Sealed};
use crate::actions::photos::{PhotoEdit, Picture};
use crate::actions::record::id_from;
use crate::actions::{Error, Service};
use crate::db;
use crate::db::identity::{ProfessionalChange, ProfileChange};
use crate::db::vault::{
    Activity, BLOCKS_MAX, HiddenPlace, NewLink, NewWay, Stored, ZONES_MAX, Zoned,
};
use crate::domain::{
    AccountId, ActivityId, PersonName, Position, ProfessionalDetail, Visibility, WebLink,
    ZoneLabel, ZoneRadius,
};
use crate::seal::AccountKey;
use crate::track::ExactTrack;

impl Service {
    /// Takes over the names and professional details that the account has not. What was agreed to elsewhere is
    /// not agreed to here.
    pub(super) async fn take_account(
        &self,
        account: AccountId,
        page: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(line) = lines_of(page, 1).next() else { return Ok(()) };
        let AccountLine { profile } = line?;
        let Some(before) = self.db.account(account).await? else { return Ok(()) };
        let name = |name: Option<String>| {
            name.map(|name| PersonName::try_from(name.as_str()).map_err(|_| UNFIT)).transpose()
        };
        let (given, family) = (name(profile.given_name)?, name(profile.family_name)?);
        let detail = |detail: Option<String>| {
            detail
                .map(|detail| ProfessionalDetail::try_from(detail.as_str()).map_err(|_| UNFIT))
                .transpose()
        };
        let (own, given_link) = (before.professional, profile.professional.link);
        let link = given_link
            .map(|link| WebLink::try_from(link.as_str()).map_err(|_| UNFIT))
            .transpose()?;
        let professional = ProfessionalChange {
            company: missing(detail(profile.professional.company)?, own.company.as_ref()),
            role: missing(detail(profile.professional.role)?, own.role.as_ref()),
            town: missing(detail(profile.professional.town)?, own.town.as_ref()),
            link: missing(link, own.link.as_ref()),
        };
        let change = ProfileChange {
            given_name: missing(given, before.profile.given_name.as_ref()),
            family_name: missing(family, before.profile.family_name.as_ref()),
            professional,
            ..ProfileChange::default()
        };
        // Whatever it is now, it was found fit: there is nothing to be told.
        let _taken = self.db.change_profile(account, |_| true, change, now).await?;
        Ok(())
    }

    /// Makes zones. One that is there stays as it is; what is too many is passed over.
    pub(super) async fn take_zones(
        &self,
        account: AccountId,
        page: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let lines = lines_of(page, ZONES_MAX).collect::<Result<Vec<ZoneLine>, _>>()?;
        for line in lines {
            let [longitude, latitude] = line.content.position;
            let place = HiddenPlace {
                label: ZoneLabel::try_from(line.content.label.as_str()).map_err(|_| UNFIT)?,
                position: Position::new(longitude, latitude).map_err(|_| UNFIT)?,
                radius: ZoneRadius::try_from(line.content.radius_m).map_err(|_| UNFIT)?,
            };
            let made = dates(line.created_at, line.updated_at, now);
            match self.db.insert_zone(account, line.zone_id, &place, made, now).await? {
                Zoned::Kept(_) | Zoned::Stale => {}
                Zoned::Full => break,
            }
        }
        Ok(())
    }

    /// Keeps away from whom the account kept away; what is too many is passed over.
    pub(super) async fn take_blocks(
        &self,
        account: AccountId,
        page: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let is_other = |line: &&BlockLine| line.member_id != account;
        let max = usize::try_from(BLOCKS_MAX).unwrap_or(usize::MAX);
        let lines = lines_of(page, max).collect::<Result<Vec<BlockLine>, _>>()?;
        // Nobody keeps away from themself.
        for BlockLine { member_id, created_at } in lines.iter().filter(is_other) {
            if self.db.block(account, *member_id, past(*created_at, now)).await?.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// The activity that was taken in for the one of this id, or that is it.
    pub(super) async fn taken_before(
        &self,
        account: AccountId,
        id: ActivityId,
    ) -> Result<Option<Owned<Activity>>, Error> {
        if let Some(known) = self.owned(account, id).await? {
            return Ok(Some(known));
        }
        self.owned(account, self.imported_id(account, id)).await
    }

    /// Keeps an activity, private. Its id is taken over when it is free. `None` when there is no room, or it was
    /// taken in before and deleted.
    pub(super) async fn take_activity(
        &self,
        account: AccountId,
        id: ActivityId,
        line: &Arc<Parsed>,
        (track, original): (Arc<ExactTrack>, Arc<Vec<u8>>),
        now: DateTime<Utc>,
    ) -> Result<Option<Owned<Activity>>, Error> {
        let key = Arc::new(self.db.account_key(account).await?);
        // Should somebody have the id, or its owner have deleted what it stood for, another one stands for
        // it: always the same, so that a second import finds it.
        for id in [id, self.imported_id(account, id)] {
            if !id.is_random() {
                continue;
            }
            let new = self.keep_taken(&key, id, line, &track, &original, now).await?;
            if new.is_some() {
                return Ok(new);
            }
        }
        Ok(None)
    }

    /// Takes over the picture beside the public name, if the account has none. What cannot be read is passed
    /// over.
    pub(super) async fn take_picture(&self, account: AccountId, page: &[u8]) -> Result<(), Error> {
        let Some(line) = lines_of(page, 1).next() else { return Ok(()) };
        let PictureLine { picture } = line?;
        if self.db.own_picture(account).await?.is_some() {
            return Ok(());
        }
        let file = BASE64.decode(picture).map_err(|_| UNFIT)?;
        match self.portray_member(account, file).await {
            Ok(()) | Err(Error::Unfit(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Keeps a photo of an activity, unless it is there; what cannot be shown is passed over. Returns the
    /// activity as it is then.
    pub(super) async fn take_photo(
        &self,
        activity: Owned<Activity>,
        line: &ParsedPhoto,
        file: Vec<u8>,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        // Should somebody have the id, another one stands for it: always the same.
        let other = self.keyed_photo(&activity, &Uuid::from(line.id).to_string(), 0);
        let file = Arc::new(file);
        for id in [line.id, other] {
            let picture = Picture { id, file: file.clone(), words: line.words.clone() };
            let kept = match self.add_photos(&activity, vec![picture], now).await {
                Ok(kept) => kept,
                Err(Error::Taken | Error::Deleted) => continue,
                Err(Error::Unfit(_) | Error::Invalid(_)) => break,
                Err(error) => return Err(error),
            };
            let account = activity.owner;
            let activity = self.owned(account, activity.id).await?.ok_or(Error::Missing)?;
            let edit = PhotoEdit { is_cover: Some(true), ..PhotoEdit::default() };
            if let (true, true, Some(photo)) = (line.is_cover, kept.new, kept.photos.first()) {
                self.edit_photo(&activity, photo, &edit, now).await?;
            }
            return self.owned(account, activity.id).await?.ok_or(Error::Missing);
        }
        Ok(activity)
    }

    fn imported_id(&self, account: AccountId, id: ActivityId) -> ActivityId {
        let (account, id) = (Uuid::from(account), Uuid::from(id));
        let parts = [account.as_bytes(), b"import".as_slice(), id.as_bytes()];
        id_from(self.db.keyring().idempotency.mac(&parts))
    }

    /// `None` when the id was ever used.
    async fn keep_taken(
        &self,
        key: &Arc<AccountKey>,
        id: ActivityId,
        parsed: &Arc<Parsed>,
        track: &Arc<ExactTrack>,
        original: &Arc<Vec<u8>>,
        now: DateTime<Utc>,
    ) -> Result<Option<Owned<Activity>>, Error> {
        let (sealing, lines, exact) = (key.clone(), parsed.clone(), track.clone());
        let new = move || lines.to_new(&sealing, id, &exact);
        let new = self.cores.run(new).await?;
        let original = self.put_original(key, id, original, now).await?;
        let blob = original.blob;
        match self.db.insert_imported(key, (new, original), parsed.dates).await {
            Ok(Stored::New(activities)) => Ok(activities.into_iter().find_map(Sealed::claim)),
            Err(error) if !matches!(error, db::Error::Full(_)) => Err(error.into()),
            // What there is no room for is left out.
            Ok(Stored::Known | Stored::Taken) | Err(_) => {
                self.erase_original(blob).await?;
                Ok(None)
            }
        }
    }

    /// Publishes what was published, and makes links like those there were, with tokens of their own. Nothing of that
    /// while the account lets nothing be done with its data.
    pub(super) async fn share_again(
        &self,
        mut activity: Owned<Activity>,
        parsed: &Parsed,
        links: &[ParsedLink],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let at = parsed.dates.1;
        let is_over = parsed.published_until.is_some_and(|until| until <= now);
        if parsed.visibility == Visibility::Published
            && activity.visibility != Visibility::Published
            && !is_over
        {
            let way = NewWay::Everyone { until: parsed.published_until };
            match self.widen(&activity, way, at).await {
                Ok(shared) => activity = shared,
                // Nothing of it is visible: then it was not, either.
                Err(Error::NothingVisible | Error::Restricted) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let standing: Vec<Uuid> =
            self.db.links(&activity).await?.into_iter().map(|link| link.id.into()).collect();
        for line in links {
            let (id, token) = self.new_link(&activity, Some(&format!("import {}", line.id)));
            // It stands, as it was or as it was made by an import before.
            if standing.contains(&line.id) || standing.contains(&id.into()) {
                continue;
            }
            let link = NewLink {
                id,
                label: line.label.clone(),
                token_hash: token.hash(),
                password_hash: None,
                expires_at: line.expires_at,
                letters: Vec::new(),
            };
            match self.widen(&activity, NewWay::Link(link), at).await {
                Ok(shared) => activity = shared,
                Err(Error::NothingVisible | Error::Restricted) => return Ok(()),
                // Made before and taken back, or one too many.
                Err(Error::Deleted | Error::Invalid(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What an archive has, where the account has nothing.
fn missing<T>(taken: Option<T>, own: Option<&T>) -> Option<Option<T>> {
    taken.filter(|_| own.is_none()).map(Some)
}
