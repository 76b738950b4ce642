//! CRC32C (Castagnoli; iSCSI, RFC 3720) of a frame: by the processor's instruction where std can ask for it, by a table
//! elsewhere.

#[cfg(any(test, not(feature = "std")))]
fn by_table(bytes: &[u8]) -> u32 {
    const TABLE: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
    TABLE.checksum(bytes)
}

/// The CRC32C of `bytes`.
#[cfg(feature = "std")]
pub fn crc32c(bytes: &[u8]) -> u32 {
    ::crc32c::crc32c(bytes)
}

/// The CRC32C of `bytes`.
#[cfg(not(feature = "std"))]
pub fn crc32c(bytes: &[u8]) -> u32 {
    by_table(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_the_published_check_value() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        for length in 0..300usize {
            let bytes: alloc::vec::Vec<u8> = (0..length).map(|i| (i * 37 + length) as u8).collect();
            assert_eq!(crc32c(&bytes), by_table(&bytes), "{length} bytes");
        }
    }
}
