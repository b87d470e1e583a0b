//! The texts of mails. None asks for personal information, none has a form; a code stands alone on
//! its line, so that programs find it too.

use super::leaving;
use crate::domain::{Letter, Locale, Subject};
use crate::privacy::retention;

/// A written mail.
pub(super) struct Text {
    pub(super) subject: &'static str,
    pub(super) body: String,
}

/// Writes `letter` in its language.
#[allow(clippy::too_many_lines, reason = "one arm a letter and language")]
pub(super) fn write(letter: &Letter) -> Text {
    let minutes = retention::MAILED_CODE.num_minutes();
    match (&letter.subject, letter.locale) {
        (Subject::SignUp { code, public_name }, Locale::En) => Text {
            subject: "Your OpenTracks code",
            body: format!(
                "Hello,\n\nsomebody, hopefully you, registers as “{public_name}” with this address.\n\
                 This code completes it; it is good for {minutes} minutes:\n\n{code}\n\n\
                 If that was not you, do nothing: without the code there will be no account.\n"
            ),
        },
        (Subject::SignUp { code, public_name }, Locale::Fr) => Text {
            subject: "Votre code OpenTracks",
            body: format!(
                "Bonjour,\n\nquelqu'un, vous sans doute, s'inscrit comme « {public_name} » avec cette adresse.\n\
                 Ce code termine l'inscription ; il est valable {minutes} minutes :\n\n{code}\n\n\
                 Si ce n'était pas vous, ne faites rien : sans le code, il n'y aura pas de compte.\n"
            ),
        },
        (Subject::AlreadyRegistered, Locale::En) => Text {
            subject: "You have an OpenTracks account",
            body: "Hello,\n\nsomebody, perhaps you, wanted to register with this address. It has an account \
                   already: sign in, or choose a new password if you forgot yours.\n\n\
                   If that was not you, do nothing: nobody learnt that you have an account.\n"
                .to_owned(),
        },
        (Subject::AlreadyRegistered, Locale::Fr) => Text {
            subject: "Vous avez un compte OpenTracks",
            body: "Bonjour,\n\nquelqu'un, peut-être vous, a voulu s'inscrire avec cette adresse. Elle a déjà un \
                   compte : connectez-vous, ou choisissez un nouveau mot de passe.\n\n\
                   Si ce n'était pas vous, ne faites rien : personne n'a appris que vous avez un compte.\n"
                .to_owned(),
        },
        (Subject::PasswordReset { code }, Locale::En) => Text {
            subject: "A new password for OpenTracks",
            body: format!(
                "Hello,\n\nwith this code you can choose a new password; it is good for {minutes} minutes:\n\n\
                 {code}\n\nIf you did not ask for it, do nothing: your password stays as it is.\n"
            ),
        },
        (Subject::PasswordReset { code }, Locale::Fr) => Text {
            subject: "Un nouveau mot de passe pour OpenTracks",
            body: format!(
                "Bonjour,\n\navec ce code vous pouvez choisir un nouveau mot de passe ; il est valable \
                 {minutes} minutes :\n\n{code}\n\nSi vous n'avez rien demandé, ne faites rien : votre mot de \
                 passe reste le même.\n"
            ),
        },
        (Subject::PasswordChanged, Locale::En) => Text {
            subject: "Your OpenTracks password was changed",
            body: "Hello,\n\nyour password was changed, and the other devices were signed out. If that was not \
                   you, ask for a new password at once.\n"
                .to_owned(),
        },
        (Subject::PasswordChanged, Locale::Fr) => Text {
            subject: "Votre mot de passe OpenTracks a changé",
            body: "Bonjour,\n\nvotre mot de passe a changé, et les autres appareils ont été déconnectés. Si \
                   ce n'était pas vous, demandez tout de suite un nouveau mot de passe.\n"
                .to_owned(),
        },
        (Subject::AddressLeft { code }, locale) => write_address_code(Side::Old, code, locale),
        (Subject::AddressJoined { code }, locale) => write_address_code(Side::New, code, locale),
        (Subject::AddressKnown, locale) => write_address_known(locale),
        (Subject::AddressChanged, locale) => write_address_changed(locale),
        (Subject::Inactive { days_left }, locale) => write_inactive(*days_left, locale),
        (Subject::ExportAsked | Subject::ExportReady, locale) => {
            write_export(&letter.subject, locale)
        }
        (Subject::Shared { public_name, url }, locale) => write_shared(public_name, url, locale),
        (Subject::ErasureCode { code }, locale) => leaving::code(code, locale),
        (Subject::Leaving { on }, locale) => leaving::announcement(*on, locale),
        (Subject::Erased(receipt), locale) => leaving::receipt(receipt, locale),
    }
}

/// Which of two addresses a code goes to.
#[derive(Clone, Copy)]
enum Side {
    Old,
    New,
}

fn write_address_known(locale: Locale) -> Text {
    match locale {
        Locale::En => Text {
            subject: "You have an OpenTracks account",
            body: "Hello,\n\nsomebody, perhaps you, wanted to use this address for another account. It has one \
                   already.\n\nIf that was not you, do nothing: nobody learnt that you have an account.\n"
                .to_owned(),
        },
        Locale::Fr => Text {
            subject: "Vous avez un compte OpenTracks",
            body: "Bonjour,\n\nquelqu'un, peut-être vous, a voulu utiliser cette adresse pour un autre compte. \
                   Elle en a déjà un.\n\nSi ce n'était pas vous, ne faites rien : personne n'a appris que vous \
                   avez un compte.\n"
                .to_owned(),
        },
    }
}

fn write_address_changed(locale: Locale) -> Text {
    match locale {
        Locale::En => Text {
            subject: "Your OpenTracks address was changed",
            body: "Hello,\n\nyour account has another e-mail address now, as was confirmed from both. Nothing is \
                   sent to this one any more.\n"
                .to_owned(),
        },
        Locale::Fr => Text {
            subject: "Votre adresse OpenTracks a changé",
            body: "Bonjour,\n\nvotre compte a désormais une autre adresse, comme confirmé depuis les deux. Plus \
                   rien ne sera envoyé à celle-ci.\n"
                .to_owned(),
        },
    }
}

fn write_address_code(side: Side, code: &str, locale: Locale) -> Text {
    let minutes = retention::MAILED_CODE.num_minutes();
    match locale {
        Locale::En => {
            let change = match side {
                Side::Old => "from this address to another",
                Side::New => "to this address from another",
            };
            Text {
                subject: "Another address for OpenTracks",
                body: format!(
                    "Hello,\n\nsomebody, hopefully you, moves an account {change}. Both have to agree; this is \
                     the code of this one, good for {minutes} minutes:\n\n{code}\n\nIf that was not you, do \
                     nothing: without both codes nothing changes.\n"
                ),
            }
        }
        Locale::Fr => {
            let change = match side {
                Side::Old => "de cette adresse vers une autre",
                Side::New => "d'une autre adresse vers celle-ci",
            };
            Text {
                subject: "Une autre adresse pour OpenTracks",
                body: format!(
                    "Bonjour,\n\nquelqu'un, vous sans doute, déplace un compte {change}. Les deux doivent \
                     confirmer ; voici le code de celle-ci, valable {minutes} minutes :\n\n{code}\n\nSi ce \
                     n'était pas vous, ne faites rien : sans les deux codes, rien ne change.\n"
                ),
            }
        }
    }
}

fn write_inactive(days_left: i64, locale: Locale) -> Text {
    let years = retention::INACTIVE.num_days() / 365;
    match locale {
        Locale::En => Text {
            subject: "Your OpenTracks account will be closed",
            body: format!(
                "Hello,\n\nyou have not used your account for {years} years. It will be closed in {days_left} \
                 days, and what is private in it erased. To keep it, sign in once.\n"
            ),
        },
        Locale::Fr => Text {
            subject: "Votre compte OpenTracks sera fermé",
            body: format!(
                "Bonjour,\n\nvous n'avez pas utilisé votre compte depuis {years} ans. Il sera fermé dans \
                 {days_left} jours, et ce qu'il contient de privé sera effacé. Pour le garder, connectez-vous \
                 une fois.\n"
            ),
        },
    }
}

fn write_export(subject: &Subject, locale: Locale) -> Text {
    let days = retention::ARCHIVE.num_days();
    match (subject == &Subject::ExportReady, locale) {
        (false, Locale::En) => Text {
            subject: "Your OpenTracks data were asked for",
            body: "Hello,\n\nsomebody, hopefully you, asked for an archive of all that is in your account. We \
                   write again when it is ready.\n\nIf that was not you, sign out the devices that you do not \
                   know, delete the archive and choose a new password.\n"
                .to_owned(),
        },
        (false, Locale::Fr) => Text {
            subject: "Vos données OpenTracks ont été demandées",
            body: "Bonjour,\n\nquelqu'un, vous sans doute, a demandé une archive de tout ce que contient votre \
                   compte. Nous vous écrirons quand elle sera prête.\n\nSi ce n'était pas vous, déconnectez les \
                   appareils que vous ne connaissez pas, supprimez l'archive et choisissez un nouveau mot de \
                   passe.\n"
                .to_owned(),
        },
        (true, Locale::En) => Text {
            subject: "Your OpenTracks data are ready",
            body: format!(
                "Hello,\n\nthe archive of your account is ready. You find it under “My account” for {days} \
                 days; sign in anew to fetch it.\n\nKeep it in a safe place: whoever has it knows where you \
                 live.\n"
            ),
        },
        (true, Locale::Fr) => Text {
            subject: "Vos données OpenTracks sont prêtes",
            body: format!(
                "Bonjour,\n\nl'archive de votre compte est prête. Vous la trouvez sous « Mon compte » pendant \
                 {days} jours ; connectez-vous de nouveau pour la télécharger.\n\nGardez-la en lieu sûr : \
                 quiconque l'a sait où vous habitez.\n"
            ),
        },
    }
}

fn write_shared(public_name: &str, url: &str, locale: Locale) -> Text {
    match locale {
        Locale::En => Text {
            subject: "An activity was shared with you",
            body: format!(
                "Hello,\n\n“{public_name}” shares an activity with you:\n\n{url}\n\nWhoever has this link can \
                 open it. Your address was used for this mail and is not kept.\n"
            ),
        },
        Locale::Fr => Text {
            subject: "Une activité est partagée avec vous",
            body: format!(
                "Bonjour,\n\n« {public_name} » partage une activité avec vous :\n\n{url}\n\nQuiconque a ce lien \
                 peut l'ouvrir. Votre adresse a servi à cet envoi et n'est pas conservée.\n"
            ),
        },
    }
}
