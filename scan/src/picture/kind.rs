//! Which kind of picture file bytes are, by how they begin.

/// A kind of picture file that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PictureKind {
    /// Portable Network Graphics, also animated.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP, lossy or lossless, also animated.
    WebP,
    /// GIF, also animated.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF, also with several pages.
    Tiff,
    /// HEIF with HEVC inside, as iPhones take photos. Read with the feature `heic`.
    Heic,
    /// A PDF document. Read with the feature `pdf`.
    Pdf,
}

/// Recognises a picture that is read by its first bytes; nothing else is checked.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Option<PictureKind> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"\x89PNG\r\n\x1a\n") {
        Some(PictureKind::Png)
    } else if starts(b"\xff\xd8\xff") {
        Some(PictureKind::Jpeg)
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(PictureKind::WebP)
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Some(PictureKind::Gif)
    } else if TIFF.iter().any(|magic| starts(magic)) {
        Some(PictureKind::Tiff)
    } else if starts(b"BM") && bitmap_header(bytes) {
        Some(PictureKind::Bmp)
    } else if cfg!(feature = "heic") && heif_codec(bytes) == Some(HEIC) {
        Some(PictureKind::Heic)
    } else if cfg!(feature = "pdf") && is_pdf(bytes) {
        Some(PictureKind::Pdf)
    } else {
        None
    }
}

/// Either byte order, classic and with 64-bit offsets.
const TIFF: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"];

/// Two letters are a weak sign, so the size of the second header must be one that exists.
fn bitmap_header(bytes: &[u8]) -> bool {
    matches!(bytes.get(14..18), Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

/// Names kinds of file that hold pictures but are not read: `AVIF`, `JPEG XL`, and `HEIC` and `PDF`
/// where the features for them are switched off.
#[must_use]
pub fn unread_kind(bytes: &[u8]) -> Option<&'static str> {
    if sniff(bytes).is_some() {
        return None;
    }
    if is_pdf(bytes) {
        return Some("PDF");
    }
    let jxl = bytes.starts_with(b"\0\0\0\x0cJXL ") || bytes.starts_with(b"\xff\x0a");
    heif_codec(bytes).or_else(|| jxl.then_some("JPEG XL"))
}

const HEIC: &str = "HEIC";

/// What codes the pictures of a HEIF file. The brand `mif1` leaves that open; then the other brands
/// say it (ISO/IEC 23008-12, 10.2).
fn heif_codec(bytes: &[u8]) -> Option<&'static str> {
    if bytes.get(4..8) != Some(b"ftyp") {
        return None;
    }
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    let end = bytes.len().min(length as usize).min(256);
    let others = bytes.get(16..end).unwrap_or_default();
    let lists = |brand: &[u8; 4]| others.chunks_exact(4).any(|other| other == brand);
    match bytes.get(8..12)? {
        b"avif" | b"avis" => Some("AVIF"),
        b"mif1" | b"mif2" | b"msf1" if lists(b"avif") && !lists(b"heic") => Some("AVIF"),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"mif2" | b"msf1" => Some(HEIC),
        _ => None,
    }
}

/// Some programs write a byte order mark or an empty line first.
fn is_pdf(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"%PDF-")
}
