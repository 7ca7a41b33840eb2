# Sekisho, golden data
# second line of notice
2001:db8::/32 kr;
2001:db9::/127 kr;
2a00:1::7/128 kr;
2001:dc0::/31 jp;
2400::/19 jp;
