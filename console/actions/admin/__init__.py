"""Operations and users."""
