// Names of the IANA database that ICU knows and does not list: it takes these in any case, the database in one.
// Source: the files `backward`, `etcetera` and `factory` of the IANA time zone database, 2026.

const AREAS = [
  ['', 'CST6CDT EST5EDT Factory MST7MDT PST8PDT GMT CET Cuba EET EST Egypt Eire GB GB-Eire GMT+0 GMT-0 GMT0'],
  ['', 'Greenwich Hongkong Iceland Iran Israel Jamaica Japan Kwajalein Libya MET MST NZ NZ-CHAT Navajo PRC'],
  ['', 'Poland Portugal ROC ROK Singapore Turkey UCT UTC Universal W-SU Zulu WET HST'],
  ['Africa', 'Asmara Timbuktu'],
  ['America', 'Nuuk Knox_IN Virgin Atikokan Atka Ensenada Fort_Wayne Montreal Nipigon Pangnirtung Porto_Acre'],
  ['America', 'Rainy_River Rosario Santa_Isabel Shiprock Thunder_Bay Yellowknife'],
  ['America/Argentina', 'Buenos_Aires Catamarca Cordoba Jujuy Mendoza ComodRivadavia'],
  ['America/Indiana', 'Indianapolis'],
  ['America/Kentucky', 'Louisville'],
  ['Antarctica', 'South_Pole'],
  ['Asia', 'Ho_Chi_Minh Kathmandu Kolkata Yangon Choibalsan Chongqing Harbin Kashgar Tel_Aviv Ashkhabad'],
  ['Asia', 'Chungking Dacca Istanbul Macao Thimbu Ujung_Pandang Ulan_Bator'],
  ['Atlantic', 'Faroe Jan_Mayen'],
  ['Australia', 'ACT LHI NSW North Queensland South Tasmania Victoria West Yancowinna Canberra Currie'],
  ['Brazil', 'Acre DeNoronha East West'],
  ['Canada', 'Atlantic Central Eastern Mountain Newfoundland Pacific Saskatchewan Yukon'],
  ['Chile', 'Continental EasterIsland'],
  ['Etc', 'GMT GMT+1 GMT+10 GMT+11 GMT+12 GMT+2 GMT+3 GMT+4 GMT+5 GMT+6 GMT+7 GMT+8 GMT+9 GMT-1 GMT-10'],
  ['Etc', 'GMT-11 GMT-12 GMT-13 GMT-14 GMT-2 GMT-3 GMT-4 GMT-5 GMT-6 GMT-7 GMT-8 GMT-9 UTC GMT+0 GMT-0 GMT0'],
  ['Etc', 'Greenwich UCT Universal Zulu'],
  ['Europe', 'Kyiv Belfast Tiraspol Uzhgorod Zaporozhye Nicosia'],
  ['Mexico', 'BajaNorte BajaSur General'],
  ['Pacific', 'Kanton Samoa Chuuk Pohnpei Johnston Yap'],
  ['US', 'Alaska Aleutian Arizona Central East-Indiana Eastern Hawaii Indiana-Starke Michigan Mountain'],
  ['US', 'Pacific Samoa'],
];

/** The proper spelling of each of these names. */
export const UNLISTED = Object.freeze(
  AREAS.flatMap(([area, names]) => names.split(' ').map((name) => (area === '' ? name : `${area}/${name}`))),
);
