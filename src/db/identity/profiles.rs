//! What a person tells of themself: read, changed, and sealed but for the public name.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::accounts::{self, Account, Profile, TABLE, account_key};
use super::names;
use crate::db::schema::commons::members;
use crate::db::schema::identity::accounts as accounts_table;
use crate::db::stop::{Stop, outcome};
use crate::db::{Db, Error};
use crate::domain::{
    AccountId, Invalid, Locale, PersonName, Professional, ProfessionalDetail, PublicName, WebLink,
};
use crate::privacy::anonymity::Names;
use crate::privacy::former_names::FormerNames;
use crate::seal::{AccountKey, Keyring};

/// Fields of a profile to change; the others stay.
#[derive(Clone, Default)]
pub struct ProfileChange {
    /// A new public name.
    pub public_name: Option<PublicName>,
    /// A new given name, or none any more.
    pub given_name: Option<Option<PersonName>>,
    /// A new family name, or none any more.
    pub family_name: Option<Option<PersonName>>,
    /// Another language.
    pub locale: Option<Locale>,
    /// Professional details.
    pub professional: ProfessionalChange,
}

/// Professional details to change, or to have no more; the others stay.
#[derive(Clone, Default)]
pub struct ProfessionalChange {
    /// See [`Professional::company`].
    pub company: Option<Option<ProfessionalDetail>>,
    /// See [`Professional::role`].
    pub role: Option<Option<ProfessionalDetail>>,
    /// See [`Professional::town`].
    pub town: Option<Option<ProfessionalDetail>>,
    /// See [`Professional::link`].
    pub link: Option<Option<WebLink>>,
}

/// Why a profile was not changed.
pub enum Unchanged {
    /// It is not any more what was expected.
    Stale,
    /// The name is not to be had.
    Invalid(Invalid),
}

/// The sealed part of a profile.
pub(super) struct Private {
    pub(super) given_name: Option<PersonName>,
    pub(super) family_name: Option<PersonName>,
    pub(super) professional: Professional,
    pub(super) former_names: FormerNames,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    given: Option<String>,
    family: Option<String>,
    #[serde(default)]
    professional: StoredProfessional,
    #[serde(flatten)]
    former: FormerNames,
}

#[derive(Default, Serialize, Deserialize)]
struct StoredProfessional {
    company: Option<String>,
    role: Option<String>,
    town: Option<String>,
    link: Option<String>,
}

impl ProfessionalChange {
    fn over(self, before: Professional) -> Professional {
        Professional {
            company: self.company.unwrap_or(before.company),
            role: self.role.unwrap_or(before.role),
            town: self.town.unwrap_or(before.town),
            link: self.link.unwrap_or(before.link),
        }
    }
}

impl Db {
    /// Changes the fields that `change` names, unless the account is not as `expected` any more or the
    /// name is not to be had; returns it as it is then.
    pub async fn change_profile(
        &self,
        id: AccountId,
        expected: impl Fn(&Account) -> bool + Send + Sync,
        change: ProfileChange,
        now: DateTime<Utc>,
    ) -> Result<Result<Account, Unchanged>, Error> {
        let conn = &mut *self.conn().await?;
        let changed = conn
            .transaction(async |conn| {
                // Locked, so that two changes of different fields are both kept.
                let row = accounts_table::table
                    .find(Uuid::from(id))
                    .filter(accounts_table::erase_at.is_null());
                let row = row.select(accounts_table::account_id).for_update();
                let held = row.first::<Uuid>(conn).await.optional()?;
                held.ok_or(Stop::Undone(Unchanged::Stale))?;
                let found = accounts::find(conn, &self.keyring, id).await?;
                let account = found.filter(|account| expected(account));
                let account = account.ok_or(Stop::Undone(Unchanged::Stale))?;
                if let Some(name) = &change.public_name {
                    let borne = names::bear(conn, &self.keyring, id, name, now).await?;
                    borne.map_err(|taken| Stop::Undone(Unchanged::Invalid(taken)))?;
                }
                let before = account.called();
                let Account { profile, professional, .. } = account;
                let mut account = Account {
                    profile: Profile {
                        public_name: change.public_name.unwrap_or(profile.public_name),
                        given_name: change.given_name.unwrap_or(profile.given_name),
                        family_name: change.family_name.unwrap_or(profile.family_name),
                        locale: change.locale.unwrap_or(profile.locale),
                    },
                    professional: change.professional.over(professional),
                    ..account
                };
                self.remember_names(&mut account, &before);
                update(conn, &self.keyring, &account).await?;
                Ok(account)
            })
            .await;
        outcome(changed)
    }

    /// Remembers of an account what its owner was called `before` and is not called any more.
    pub(super) fn remember_names(&self, account: &mut Account, before: &Names) {
        let now = account.called();
        account.former_names.remember(before, &now, |text| self.text_mark(text));
    }
}

async fn update(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: &Account,
) -> Result<(), Error> {
    let (id, profile) = (Uuid::from(account.id), &account.profile);
    let key = account_key(conn, keyring, account.id).await?;
    diesel::update(accounts_table::table.find(id))
        .set((
            accounts_table::profile.eq(seal(&key, &Private::from(account))?),
            accounts_table::locale.eq(profile.locale.name()),
        ))
        .execute(conn)
        .await?;
    diesel::update(members::table.find(id))
        .set(members::public_name.eq(profile.public_name.as_str()))
        .execute(conn)
        .await?;
    Ok(())
}

impl From<&Account> for Private {
    fn from(account: &Account) -> Self {
        Self {
            given_name: account.profile.given_name.clone(),
            family_name: account.profile.family_name.clone(),
            professional: account.professional.clone(),
            former_names: account.former_names.clone(),
        }
    }
}

pub(super) fn seal(key: &AccountKey, private: &Private) -> Result<Vec<u8>, Error> {
    let name = |name: &Option<PersonName>| name.as_ref().map(|name| name.as_str().to_owned());
    let detail =
        |text: &Option<ProfessionalDetail>| text.as_ref().map(|text| text.as_str().to_owned());
    let Professional { company, role, town, link } = &private.professional;
    let stored = Stored {
        given: name(&private.given_name),
        family: name(&private.family_name),
        professional: StoredProfessional {
            company: detail(company),
            role: detail(role),
            town: detail(town),
            link: link.as_ref().map(|link| link.as_str().to_owned()),
        },
        former: private.former_names.clone(),
    };
    let json = serde_json::to_vec(&stored).map_err(|_| corrupt())?;
    Ok(key.seal(TABLE, "profile", key.account().into(), &json))
}

pub(super) fn open(key: &AccountKey, sealed: &[u8]) -> Result<Private, Error> {
    let json = key.open(TABLE, "profile", key.account().into(), sealed)?;
    let stored: Stored = serde_json::from_slice(&json).map_err(|_| corrupt())?;
    let StoredProfessional { company, role, town, link } = stored.professional;
    Ok(Private {
        given_name: read(stored.given.as_deref())?,
        family_name: read(stored.family.as_deref())?,
        professional: Professional {
            company: read(company.as_deref())?,
            role: read(role.as_deref())?,
            town: read(town.as_deref())?,
            link: read(link.as_deref())?,
        },
        former_names: stored.former,
    })
}

fn read<'a, T: TryFrom<&'a str>>(stored: Option<&'a str>) -> Result<Option<T>, Error> {
    stored.map(|text| T::try_from(text).map_err(|_| corrupt())).transpose()
}

const fn corrupt() -> Error {
    Error::Corrupt("identity.accounts.profile")
}
