//! The texts of mails to those who leave.

use chrono::NaiveDate;

use super::letters::Text;
use crate::domain::{Locale, Receipt};
use crate::privacy::retention;

/// The code by which somebody shows that it is they who leave.
pub(super) fn code(code: &str, locale: Locale) -> Text {
    let minutes = retention::MAILED_CODE.num_minutes();
    match locale {
        Locale::En => Text {
            subject: "The code that erases your OpenTracks account",
            body: format!(
                "Hello,\n\nwith this code your account can be erased; it is good for {minutes} minutes:\n\n\
                 {code}\n\nIf you did not ask for it, do nothing, and look which devices are signed in.\n"
            ),
        },
        Locale::Fr => Text {
            subject: "Le code qui efface votre compte OpenTracks",
            body: format!(
                "Bonjour,\n\navec ce code, votre compte peut être effacé ; il est valable {minutes} minutes :\n\n\
                 {code}\n\nSi vous n'avez rien demandé, ne faites rien, et vérifiez quels appareils sont \
                 connectés.\n"
            ),
        },
    }
}

/// That an account is hidden, and until when that can be taken back.
pub(super) fn announcement(on: NaiveDate, locale: Locale) -> Text {
    match locale {
        Locale::En => Text {
            subject: "Your OpenTracks account will be erased",
            body: format!(
                "Hello,\n\nyour account is hidden from everybody, every device is signed out, and on {on} all of it \
                 will be erased.\n\nUntil then you can take that back with your address and your password. If it \
                 was not you who asked for it, do so at once.\n"
            ),
        },
        Locale::Fr => Text {
            subject: "Votre compte OpenTracks va être effacé",
            body: format!(
                "Bonjour,\n\nvotre compte n'est plus visible pour personne, tous les appareils sont déconnectés, et \
                 le {on} tout sera effacé.\n\nJusque-là, vous pouvez revenir en arrière avec votre adresse et votre \
                 mot de passe. Si ce n'était pas vous, faites-le tout de suite.\n"
            ),
        },
    }
}

/// What was erased, and what remains.
pub(super) fn receipt(receipt: &Receipt, locale: Locale) -> Text {
    let Receipt { id, erased, anonymised, photos, noted_until } = receipt;
    match locale {
        Locale::En => Text {
            subject: "Your OpenTracks account is erased",
            body: format!(
                "Hello,\n\nas you asked, your account is erased: your names, your password, your devices, {erased} \
                 activities with their tracks, files and links, your privacy zones, your memberships. Your key is \
                 erased as well, so that nothing of it can be read in any copy without an older backup of ours.\n\n\
                 What remains: {anonymised} works that you shared and did not want erased. They have new ids, no \
                 author, no times, a month instead of a day, and shorter ends; nothing leads from one to another. \
                 {photos} of your photos stay with them, as you chose: cut, drawn anew, without text, place and time. \
                 And until {noted_until}, because backups may live as long, the id of the account and what you \
                 chose, so that no backup brings you back.\n\nYour address is erased after this mail. Receipt {id}\n"
            ),
        },
        Locale::Fr => Text {
            subject: "Votre compte OpenTracks est effacé",
            body: format!(
                "Bonjour,\n\ncomme vous l'avez demandé, votre compte est effacé : vos noms, votre mot de passe, vos \
                 appareils, {erased} activités avec leurs traces, fichiers et liens, vos zones privées, vos \
                 adhésions. Votre clé est effacée aussi : sans une sauvegarde plus ancienne, plus aucune copie n'en \
                 est lisible.\n\nCe qui reste : {anonymised} œuvres que vous avez partagées et n'avez pas voulu \
                 effacer. Elles ont un nouvel identifiant, pas d'auteur, pas d'horaires, un mois au lieu d'un jour, \
                 des extrémités raccourcies ; rien ne mène de l'une à l'autre. {photos} de vos photos restent avec elles, \
                 selon votre choix : recadrées, redessinées, sans texte, ni lieu, ni heure. Et jusqu'au {noted_until}, car des \
                 sauvegardes peuvent vivre aussi longtemps, l'identifiant du compte et vos choix, pour qu'aucune \
                 sauvegarde ne vous ramène.\n\nVotre adresse est effacée après ce courriel. Reçu {id}\n"
            ),
        },
    }
}
