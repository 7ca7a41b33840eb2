# Sekisho, golden data
# second line of notice
