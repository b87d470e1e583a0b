//! Ed25519 (RFC 8032) for the JWT library, and nothing else: a token that names another algorithm
//! finds nobody to check it.

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

/// Makes the library use this module. Doing so again changes nothing.
pub(super) fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: signer,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    let _installed_before = PROVIDER.install_default();
}

/// The key that signs, as the library hands it around: the 32 bytes of its seed.
struct Signing(SigningKey);

/// The key that checks, as the library hands it around: the 32 bytes of the public key.
struct Checking(VerifyingKey);

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the library says so")]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    let seed = key.as_bytes().try_into().map_err(|_| ErrorKind::InvalidEddsaKey)?;
    require_eddsa(*algorithm)?;
    Ok(Box::new(Signing(SigningKey::from_bytes(seed))))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the library says so")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let public = key.try_get_as_bytes()?.try_into().map_err(|_| ErrorKind::InvalidEddsaKey)?;
    require_eddsa(*algorithm)?;
    let key = VerifyingKey::from_bytes(public).map_err(|_| ErrorKind::InvalidEddsaKey)?;
    Ok(Box::new(Checking(key)))
}

fn require_eddsa(algorithm: Algorithm) -> Result<(), Error> {
    if algorithm == Algorithm::EdDSA { Ok(()) } else { Err(ErrorKind::InvalidAlgorithm.into()) }
}

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).to_vec())
    }
}

impl JwtSigner for Signing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Verifier<Vec<u8>> for Checking {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        // Strict: one signature a message, and no key of small order (RFC 8032, 5.1.7).
        self.0.verify_strict(message, &Signature::from_slice(signature)?)
    }
}

impl JwtVerifier for Checking {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}
