-- Charges are known by a reference of their own and no longer by the id of the booking, which opens it.
UPDATE charges SET reference = 'chg_' || substr(reference, 5) WHERE reference LIKE 'bkg\_%' ESCAPE '\';
