//! Pictures of members and communities: made anew from what was uploaded, of which nothing else is kept.

use super::{Error, Service};
use crate::access::Viewer;
use crate::domain::{AccountId, CommunityId};
use crate::picture::{self, Portrait, Unfit};

impl Service {
    /// Puts a picture in the place of a member's.
    pub async fn portray_member(&self, account: AccountId, file: Vec<u8>) -> Result<(), Error> {
        let Portrait(jpeg) = self.portray(file).await?;
        Ok(self.db.put_own_picture(account, &jpeg.bytes).await?)
    }

    /// Whether the viewer may give a community a picture, asked before it is sent.
    pub async fn may_portray_community(
        &self,
        viewer: Viewer,
        id: CommunityId,
    ) -> Result<(), Error> {
        self.db.may_edit_community(viewer, id).await??;
        Ok(())
    }

    /// Puts a picture in the place of a community's, if the viewer may change it.
    pub async fn portray_community(
        &self,
        viewer: Viewer,
        id: CommunityId,
        file: Vec<u8>,
    ) -> Result<(), Error> {
        let Portrait(jpeg) = self.portray(file).await?;
        self.db.put_community_picture(viewer, id, Some(&jpeg.bytes)).await??;
        Ok(())
    }

    async fn portray(&self, file: Vec<u8>) -> Result<Portrait, Error> {
        // A decoder that ends in the middle has met a file that it cannot read.
        let portrayed = self.drawing.run(move || picture::portray(&file)).await;
        Ok(portrayed.unwrap_or(Err(Unfit::Broken("cannot be decoded")))?)
    }
}
