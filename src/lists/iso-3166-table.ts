/**
 * ISO 3166-1: alpha-2 code, numeric code, continent (UN M.49, South America and the Caribbean
 * apart), registry in whose service region it lies, English name. Checked against an
 * independent table in test/lists/countries.test.ts.
 */
export const ISO_3166_TABLE = `
AD 020 europe ripencc Andorra
AE 784 asia ripencc United Arab Emirates
AF 004 asia apnic Afghanistan
AG 028 north-america arin Antigua & Barbuda
AI 660 north-america arin Anguilla
AL 008 europe ripencc Albania
AM 051 asia ripencc Armenia
AO 024 africa afrinic Angola
AQ 010 antarctica arin Antarctica
AR 032 south-america lacnic Argentina
AS 016 oceania apnic American Samoa
AT 040 europe ripencc Austria
AU 036 oceania apnic Australia
AW 533 north-america lacnic Aruba
AX 248 europe ripencc Åland Islands
AZ 031 asia ripencc Azerbaijan
BA 070 europe ripencc Bosnia & Herzegovina
BB 052 north-america arin Barbados
BD 050 asia apnic Bangladesh
BE 056 europe ripencc Belgium
BF 854 africa afrinic Burkina Faso
BG 100 europe ripencc Bulgaria
BH 048 asia ripencc Bahrain
BI 108 africa afrinic Burundi
BJ 204 africa afrinic Benin
BL 652 north-america arin St. Barthélemy
BM 060 north-america arin Bermuda
BN 096 asia apnic Brunei
BO 068 south-america lacnic Bolivia
BQ 535 north-america lacnic Caribbean Netherlands
BR 076 south-america lacnic Brazil
BS 044 north-america arin Bahamas
BT 064 asia apnic Bhutan
BV 074 antarctica arin Bouvet Island
BW 072 africa afrinic Botswana
BY 112 europe ripencc Belarus
BZ 084 north-america lacnic Belize
CA 124 north-america arin Canada
CC 166 asia apnic Cocos (Keeling) Islands
CD 180 africa afrinic Congo - Kinshasa
CF 140 africa afrinic Central African Republic
CG 178 africa afrinic Congo - Brazzaville
CH 756 europe ripencc Switzerland
CI 384 africa afrinic Côte d’Ivoire
CK 184 oceania apnic Cook Islands
CL 152 south-america lacnic Chile
CM 120 africa afrinic Cameroon
CN 156 asia apnic China
CO 170 south-america lacnic Colombia
CR 188 north-america lacnic Costa Rica
CU 192 north-america lacnic Cuba
CV 132 africa afrinic Cape Verde
CW 531 north-america lacnic Curaçao
CX 162 asia apnic Christmas Island
CY 196 europe ripencc Cyprus
CZ 203 europe ripencc Czechia
DE 276 europe ripencc Germany
DJ 262 africa afrinic Djibouti
DK 208 europe ripencc Denmark
DM 212 north-america arin Dominica
DO 214 north-america lacnic Dominican Republic
DZ 012 africa afrinic Algeria
EC 218 south-america lacnic Ecuador
EE 233 europe ripencc Estonia
EG 818 africa afrinic Egypt
EH 732 africa afrinic Western Sahara
ER 232 africa afrinic Eritrea
ES 724 europe ripencc Spain
ET 231 africa afrinic Ethiopia
FI 246 europe ripencc Finland
FJ 242 oceania apnic Fiji
FK 238 south-america lacnic Falkland Islands
FM 583 oceania apnic Micronesia
FO 234 europe ripencc Faroe Islands
FR 250 europe ripencc France
GA 266 africa afrinic Gabon
GB 826 europe ripencc United Kingdom
GD 308 north-america arin Grenada
GE 268 asia ripencc Georgia
GF 254 south-america lacnic French Guiana
GG 831 europe ripencc Guernsey
GH 288 africa afrinic Ghana
GI 292 europe ripencc Gibraltar
GL 304 north-america ripencc Greenland
GM 270 africa afrinic Gambia
GN 324 africa afrinic Guinea
GP 312 north-america arin Guadeloupe
GQ 226 africa afrinic Equatorial Guinea
GR 300 europe ripencc Greece
GS 239 antarctica lacnic South Georgia & South Sandwich Islands
GT 320 north-america lacnic Guatemala
GU 316 oceania apnic Guam
GW 624 africa afrinic Guinea-Bissau
GY 328 south-america lacnic Guyana
HK 344 asia apnic Hong Kong
HM 334 antarctica arin Heard & McDonald Islands
HN 340 north-america lacnic Honduras
HR 191 europe ripencc Croatia
HT 332 north-america lacnic Haiti
HU 348 europe ripencc Hungary
ID 360 asia apnic Indonesia
IE 372 europe ripencc Ireland
IL 376 asia ripencc Israel
IM 833 europe ripencc Isle of Man
IN 356 asia apnic India
IO 086 asia apnic British Indian Ocean Territory
IQ 368 asia ripencc Iraq
IR 364 asia ripencc Iran
IS 352 europe ripencc Iceland
IT 380 europe ripencc Italy
JE 832 europe ripencc Jersey
JM 388 north-america arin Jamaica
JO 400 asia ripencc Jordan
JP 392 asia apnic Japan
KE 404 africa afrinic Kenya
KG 417 asia ripencc Kyrgyzstan
KH 116 asia apnic Cambodia
KI 296 oceania apnic Kiribati
KM 174 africa afrinic Comoros
KN 659 north-america arin St. Kitts & Nevis
KP 408 asia apnic North Korea
KR 410 asia apnic South Korea
KW 414 asia ripencc Kuwait
KY 136 north-america arin Cayman Islands
KZ 398 asia ripencc Kazakhstan
LA 418 asia apnic Laos
LB 422 asia ripencc Lebanon
LC 662 north-america arin St. Lucia
LI 438 europe ripencc Liechtenstein
LK 144 asia apnic Sri Lanka
LR 430 africa afrinic Liberia
LS 426 africa afrinic Lesotho
LT 440 europe ripencc Lithuania
LU 442 europe ripencc Luxembourg
LV 428 europe ripencc Latvia
LY 434 africa afrinic Libya
MA 504 africa afrinic Morocco
MC 492 europe ripencc Monaco
MD 498 europe ripencc Moldova
ME 499 europe ripencc Montenegro
MF 663 north-america arin St. Martin
MG 450 africa afrinic Madagascar
MH 584 oceania apnic Marshall Islands
MK 807 europe ripencc North Macedonia
ML 466 africa afrinic Mali
MM 104 asia apnic Myanmar
MN 496 asia apnic Mongolia
MO 446 asia apnic Macao
MP 580 oceania apnic Northern Mariana Islands
MQ 474 north-america arin Martinique
MR 478 africa afrinic Mauritania
MS 500 north-america arin Montserrat
MT 470 europe ripencc Malta
MU 480 africa afrinic Mauritius
MV 462 asia apnic Maldives
MW 454 africa afrinic Malawi
MX 484 north-america lacnic Mexico
MY 458 asia apnic Malaysia
MZ 508 africa afrinic Mozambique
NA 516 africa afrinic Namibia
NC 540 oceania apnic New Caledonia
NE 562 africa afrinic Niger
NF 574 oceania apnic Norfolk Island
NG 566 africa afrinic Nigeria
NI 558 north-america lacnic Nicaragua
NL 528 europe ripencc Netherlands
NO 578 europe ripencc Norway
NP 524 asia apnic Nepal
NR 520 oceania apnic Nauru
NU 570 oceania apnic Niue
NZ 554 oceania apnic New Zealand
OM 512 asia ripencc Oman
PA 591 north-america lacnic Panama
PE 604 south-america lacnic Peru
PF 258 oceania apnic French Polynesia
PG 598 oceania apnic Papua New Guinea
PH 608 asia apnic Philippines
PK 586 asia apnic Pakistan
PL 616 europe ripencc Poland
PM 666 north-america arin St. Pierre & Miquelon
PN 612 oceania apnic Pitcairn Islands
PR 630 north-america arin Puerto Rico
PS 275 asia ripencc Palestinian Territories
PT 620 europe ripencc Portugal
PW 585 oceania apnic Palau
PY 600 south-america lacnic Paraguay
QA 634 asia ripencc Qatar
RE 638 africa afrinic Réunion
RO 642 europe ripencc Romania
RS 688 europe ripencc Serbia
RU 643 europe ripencc Russia
RW 646 africa afrinic Rwanda
SA 682 asia ripencc Saudi Arabia
SB 090 oceania apnic Solomon Islands
SC 690 africa afrinic Seychelles
SD 729 africa afrinic Sudan
SE 752 europe ripencc Sweden
SG 702 asia apnic Singapore
SH 654 africa arin St. Helena
SI 705 europe ripencc Slovenia
SJ 744 europe ripencc Svalbard & Jan Mayen
SK 703 europe ripencc Slovakia
SL 694 africa afrinic Sierra Leone
SM 674 europe ripencc San Marino
SN 686 africa afrinic Senegal
SO 706 africa afrinic Somalia
SR 740 south-america lacnic Suriname
SS 728 africa afrinic South Sudan
ST 678 africa afrinic São Tomé & Príncipe
SV 222 north-america lacnic El Salvador
SX 534 north-america lacnic Sint Maarten
SY 760 asia ripencc Syria
SZ 748 africa afrinic Eswatini
TC 796 north-america arin Turks & Caicos Islands
TD 148 africa afrinic Chad
TF 260 antarctica apnic French Southern Territories
TG 768 africa afrinic Togo
TH 764 asia apnic Thailand
TJ 762 asia ripencc Tajikistan
TK 772 oceania apnic Tokelau
TL 626 asia apnic Timor-Leste
TM 795 asia ripencc Turkmenistan
TN 788 africa afrinic Tunisia
TO 776 oceania apnic Tonga
TR 792 asia ripencc Turkey
TT 780 north-america lacnic Trinidad & Tobago
TV 798 oceania apnic Tuvalu
TW 158 asia apnic Taiwan
TZ 834 africa afrinic Tanzania
UA 804 europe ripencc Ukraine
UG 800 africa afrinic Uganda
UM 581 oceania arin U.S. Outlying Islands
US 840 north-america arin United States
UY 858 south-america lacnic Uruguay
UZ 860 asia ripencc Uzbekistan
VA 336 europe ripencc Vatican City
VC 670 north-america arin St. Vincent & Grenadines
VE 862 south-america lacnic Venezuela
VG 092 north-america arin British Virgin Islands
VI 850 north-america arin U.S. Virgin Islands
VN 704 asia apnic Vietnam
VU 548 oceania apnic Vanuatu
WF 876 oceania apnic Wallis & Futuna
WS 882 oceania apnic Samoa
YE 887 asia ripencc Yemen
YT 175 africa afrinic Mayotte
ZA 710 africa afrinic South Africa
ZM 894 africa afrinic Zambia
ZW 716 africa afrinic Zimbabwe
`;
