// What decisions and the session ask of pools.

export {compilePools} from './compile.mjs';
export {heldOf, nameOf, openLedger} from './ledger.mjs';
export {usedIn} from './measures.mjs';
export {writeBalance, writeEntry} from './rows.mjs';
export {admit, answerRefused, barredBy, cannotHelp, reservationId} from './spending.mjs';
export {askThresholds} from './thresholds.mjs';
export {wholeMicroseconds} from './windows.mjs';
