"""What outputs say: measures, statistics, tables, figures. No torch here."""
