//! Mail: to a folder, or to an SMTP server.

mod leaving;
mod letters;

use std::fs;
use std::path::PathBuf;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};
use uuid::Uuid;

use crate::domain::{JobId, Letter};

/// Sends letters.
#[derive(Clone)]
pub struct Mailer {
    sender: Mailbox,
    domain: String,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Folder(PathBuf),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

/// Where mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Each mail becomes a file in this folder.
    Folder(PathBuf),
    /// An SMTP server: `smtp://` or `smtps://`, with user and password if it wants them.
    Smtp(String),
}

/// Why a mail could not be sent. None of it says to whom.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of the sender or of the reader is unfit.
    #[error("a mail has an unfit address")]
    Address,
    /// The mail could not be built.
    #[error("a mail could not be built")]
    Build,
    /// The folder does not take it.
    #[error("the mail folder does not take files: {0}")]
    Folder(#[from] std::io::Error),
    /// The SMTP server does not take it.
    #[error("the SMTP server did not take a mail (status {})", status(.0))]
    Smtp(#[from] lettre::transport::smtp::Error),
}

impl Mailer {
    /// Sends as `sender` by way of `destination`.
    pub fn new(sender: &str, destination: &Destination) -> Result<Self, Error> {
        let sender: Mailbox = sender.parse().map_err(|_| Error::Address)?;
        let domain = sender.email.domain().to_owned();
        let way = match destination {
            Destination::Folder(folder) => {
                super::make_private_folder(folder)?;
                Way::Folder(folder.clone())
            }
            Destination::Smtp(url) => {
                Way::Smtp(AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?.build())
            }
        };
        Ok(Self { sender, domain, way })
    }

    /// Sends `letter`. A repeated `job` sends the same message id, by which mail systems tell
    /// copies.
    pub async fn send(&self, job: JobId, letter: &Letter) -> Result<(), Error> {
        let text = letters::write(letter);
        let message = self
            .envelope(job, letter)?
            .subject(text.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text.body)
            .map_err(|_| Error::Build)?;
        match &self.way {
            Way::Smtp(transport) => {
                transport.send(message).await?;
            }
            Way::Folder(folder) => {
                let (part, file) =
                    (folder.join(format!("{job}.part")), folder.join(format!("{job}.eml")));
                let content = message.formatted();
                tokio::task::spawn_blocking(move || {
                    fs::write(&part, content)?;
                    fs::rename(&part, &file)
                })
                .await
                .map_err(std::io::Error::other)??;
            }
        }
        Ok(())
    }

    fn envelope(&self, job: JobId, letter: &Letter) -> Result<MessageBuilder, Error> {
        let to: Mailbox = letter.to.parse().map_err(|_| Error::Address)?;
        let id = format!("<{}@{}>", Uuid::from(job).simple(), self.domain);
        Ok(Message::builder().from(self.sender.clone()).to(to).message_id(Some(id)))
    }
}

fn status(error: &lettre::transport::smtp::Error) -> String {
    error.status().map_or_else(|| "none".to_owned(), |code| code.to_string())
}
