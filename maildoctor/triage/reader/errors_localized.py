"""What glibc calls the errors of errno in other languages, by the kind of the error: as `errors.py`, in lower case.

From the message catalogues of glibc 2.36: cs, da, de, es, fi, fr, hu, it, nb, nl, pl, pt, pt_BR, ru, sv, tr, uk, ca.
"""

LOCALIZED: dict[str, str] = {
    "denied": """
        die operation ist nicht erlaubt | opération non permise | operación no permitida | operazione non permessa
        operação não permitida | actie is niet toegestaan | operacja niedozwolona | operationen inte tillåten
        operationen er ikke tilladt | operasjonen er ikke tillatt | operace není povolena | операция не позволена
        дію заборонено | i̇şleme izin verilmedi | toiminto ei ole sallittu | a művelet nem engedélyezett
        l’operació no és permesa | keine berechtigung | permission non accordée | permiso denegado | permesso negato
        permissão recusada | permissão negada | toegang geweigerd | brak dostępu | åtkomst nekas | adgang nægtet
        ikke tilgang | operace zamítnuta | отказано в доступе | відмовлено у доступі | erişim engellendi
        lupa evätty | engedély megtagadva | s’ha denegat el permís""",
    "missing": """
        datei oder verzeichnis nicht gefunden | aucun fichier ou dossier de ce type
        no existe el fichero o el directorio | file o directory non esistente | ficheiro ou pasta inexistente
        arquivo ou diretório inexistente | bestand of map bestaat niet | nie ma takiego pliku ani katalogu
        filen eller katalogen finns inte | ingen sådan fil eller filkatalog | ingen slik fil eller filkatalog
        adresář nebo soubor neexistuje | нет такого файла или каталога | немає такого файла або каталогу
        böyle bir dosya ya da dizin yok | tiedostoa tai hakemistoa ei ole | nincs ilyen fájl vagy könyvtár
        el fitxer o directori no existeix | kein passendes gerät bzw. keine passende adresse gefunden
        aucun périphérique ou adresse | no existe el dispositivo o la dirección | device o indirizzo non esistente
        dispositivo ou endereço inexistente | endereço ou dispositivo inexistente | apparaat of adres bestaat niet
        nie ma takiego urządzenia ani adresu | enheten eller adressen finns inte | ingen sådan enhed eller adresse
        no such device or address | takové zařízení nebo adresa neexistuje | нет такого устройства или адреса
        немає такого пристрою чи адреси | böyle bir aygıt ya da adres yok | laitetta tai osoitetta ei ole
        nem létező eszköz vagy cím | el dispositiu o adreça no existeix""",
    "damaged": """
        eingabe-/ausgabefehler
        erreur d'entrée/sortie | error de entrada/salida | errore di input/output | erro de entrada/saída
        błąd wejścia/wyjścia | chyba vstupu/výstupu | ошибка ввода/вывода | помилка введення-виведення
        girdi/çıktı hatası | kimeneti/bemeneti hiba | error d’entrada/sortida
        veraltete dateizugriffsnummer (file handle) | panne d'accès au fichier | `handle' de fichero en desuso
        gestão de ficheiro obsoleto | manipulador de arquivo corrompido | achterhaald bestandshandvat
        nieaktualny uchwyt pliku | förlegat filhandtag | zastaralý ukazatel na soubor | устаревший дескриптор файла
        застарілий дескриптор файла | eski dosya kolu | vanhentunut tiedostokahva
        l’indicador del fitxer és obsolet""",
    "busy": """
        die ressource ist zur zeit nicht verfügbar | ressource temporairement non disponible
        recurso no disponible temporalmente | risorsa temporaneamente non disponibile
        recurso temporariamente indisponível | hulpbron is tijdelijk onbeschikbaar | zasoby chwilowo niedostępne
        resursen tillfälligt otillgänglig | resursen midlertidig utilgængelig | ressursen midlertidig utilgjengelig
        prostředek je dočasně nepřístupný | ресурс временно недоступен | ресурс тимчасово недоступний
        özkaynak geçici olarak kullanılamaz durumda | resurssi ei tilapäisesti ole käytettävissä
        erőforrás átmenetileg nem érhető el | el recurs no es troba disponible temporalment
        das gerät oder die ressource ist belegt | périphérique ou ressource occupé | dispositivo o recurso ocupado
        dispositivo o risorsa occupata | dispositivo ou recurso ocupado | dispositivo ou recurso está ocupado
        apparaat of hulpbron is bezig | urządzenie lub zasoby zajęte | enhet eller resurs upptagen
        enheden eller ressourcen optaget | enheten eller ressursen opptatt | zařízení nebo zdroj jsou používány
        устройство или ресурс занято | пристрій або ресурс зайнято | aygıt ya da özkaynak meşgul
        laite tai resurssi varattu | az eszköz vagy erőforrás foglalt | el dispositiu o recurs es troba ocupat
        das programm kann nicht ausgeführt oder verändert werden (busy) | fichier texte occupé
        el fichero de texto está ocupado | file di testo occupato | ficheiro de texto ocupado
        área de texto ocupada | tekstbestand is in gebruik | plik wykonywalny zajęty | kodfil upptagen
        tekstfil optaget | programfil opptatt | soubor je používán | текстовый файл занят | текстовий файл зайнято
        metin dosyası meşgul | tekstitiedosto varattu | a szövegfájl foglalt | el fitxer de text es troba ocupat""",
    "memory": """
        nicht genügend hauptspeicher verfügbar | ne peut allouer de la mémoire | no se pudo asignar memoria
        impossibile allocare memoria | impossível alocar memória | não foi possível alocar memória
        onvoldoende geheugen beschikbaar | nie można przydzielić pamięci | kan inte allokera minne
        kan ikke tildele hukommelse | kan ikke tildele minne | nelze alokovat paměť | невозможно выделить память
        не вдалося розподілити пам’ять | bellek ayrılamadı | muistin varaaminen ei onnistu | nem foglalható memória
        no s’ha pogut reservar memòria""",
    "exists": """
        die datei existiert bereits | le fichier existe | el fichero ya existe | file già esistente
        o ficheiro existe | arquivo existe | bestand bestaat al | plik istnieje | filen existerar | filen eksisterer
        soubor již existuje | файл существует | файл вже існує | dosya var | tiedosto on olemassa
        a fájl már létezik | el fitxer ja existeix""",
    "wrong kind": """
        ist kein verzeichnis | n'est pas un dossier | no es un directorio | non è una directory | não é pasta
        não é um diretório | is geen map | nie jest katalogiem | inte en katalog | ikke et katalog
        ikke en filkatalog | není adresářem | это не каталог | не є каталогом | bir dizin değil | ei ole hakemisto
        nem könyvtár | no és un directori | ist ein verzeichnis | est un dossier | es un directorio
        è una directory | é pasta | é um diretório | is een map | jest katalogiem | är en katalog | er et filkatalog
        er en filkatalog | je adresářem | это каталог | є каталогом | bir dizin | on hakemisto | ez egy könyvtár
        és un directori | fehler im format der programmdatei | erreur de format pour exec()
        formato de ejecutable incorrecto | formato eseguibile non valido | erro de formato do executável
        erro no formato exec | verkeerd uitvoerbaar bestand | błędny format pliku wykonywalnego
        formatfel på körbar fil | ugyldigt format på eksekverbar fil | ugyldig format på eksekverbar fil
        chybný formát spustitelného souboru | ошибка формата выполняемого файла
        помилка, пов’язана з форматом виконуваних файлів | çalıştırılabilir biçem hatası
        käynnistettävän tiedoston muoto virheellinen | érvénytelen végrehajtható fájlformátum
        l’executable té un format erroni | zu viele ebenen aus symbolischen links
        trop de niveaux de liens symboliques | demasiados niveles de enlaces simbólicos
        troppi livelli di collegamenti simbolici | demasiados níveis de ligações simbólicas
        muitos níveis de links simbólicos | te veel niveaus van symbolische koppelingen -- vermoedelijk een lus
        za duże zagnieżdżenie dowiązań symbolicznych | för många nivåer av symboliska länkar
        for mange niveauer med symbolske lænker | for mange nivåer med symbolske linker
        příliš mnoho úrovní symbolických odkazů | слишком много уровней символьных ссылок
        забагато рівнів символічних посилань | sembolik bağların seviyeleri çok fazla
        liian monta symbolisten linkkien tasoa | túl sok szimbolikus link | hi ha massa nivells d’enllaços simbòlics
        der dateiname ist zu lang | nom de fichier trop long | nombre de fichero demasiado largo
        nome del file troppo lungo | nome de ficheiro muito grande | nome de arquivo muito longo
        bestandsnaam is te lang | za długa nazwa pliku | för långt filnamn | for langt filnavn
        příliš dlouhé jméno souboru | слишком длинное имя файла | файл є занадто великим | dosya ismi çok uzun
        liian pitkä tiedostonimi | túl hosszú fájlnév | el nom de fitxer és massa llarg
        das verzeichnis ist nicht leer | le dossier n'est pas vide | el directorio no está vacío
        directory non vuota | a pasta não está vazia | diretório não vazio | map is niet leeg
        katalog nie jest pusty | katalog inte tom | filkataloget er ikke tomt | filkatalogen er ikke tom
        adresář není prázdný | каталог не пуст | каталог непорожній | dizin boş değil | hakemisto ei ole tyhjä
        a könyvtár nem üres | el directori no és buit""",
    "argument": """
        das argument ist ungültig | argument invalide | argumento inválido | argomento non valido
        ongeldig argument | zły argument | ogiltigt argument | ugyldigt argument | ugyldig argument
        nepřípustný argument | недопустимый аргумент | некоректний аргумент | geçersiz argüman
        virheellinen argumentti | érvénytelen argumentum | l’argument passat no és vàlid""",
    "too many": """
        zu viele offene dateien im system | trop de fichiers ouverts dans le système
        demasiados ficheros abiertos en el sistema | troppi file aperti nel sistema
        demasiados ficheiros abertos no sistema | muitos arquivos abertos no sistema
        te veel open bestanden in systeem | za dużo otwartych plików w systemie | för många öppna filer i systemet
        for mange åbne filer i systemet | for mange åpne filer i systemet
        v celém systému je příliš mnoho otevřených souborů | слишком много открытых файлов в системе
        у системі забагато відкритих файлів | sistemde çok fazla açık dosya var
        liian monta avointa tiedostoa järjestelmässä | túl sok nyitott fájl a rendszerben
        el sistema té massa fitxers oberts | zu viele offene dateien | trop de fichiers ouverts
        demasiados ficheros abiertos | troppi file aperti | demasiados ficheiros abertos | muitos arquivos abertos
        te veel open bestanden | za dużo otwartych plików | för många öppna filer | for mange åbne filer
        for mange åpne filer | překročen limit počtu otevřených souborů | слишком много открытых файлов
        забагато відкритих файлів | çok fazla açık dosya var | liian monta avointa tiedostoa | túl sok nyitott fájl
        el procés té massa fitxers oberts""",
    "full": """
        die datei ist zu groß | fichier trop gros | fichero demasiado grande | file troppo grande
        ficheiro muito grande | arquivo muito grande | bestand is te groot | plik zbyt duży | för stor fil
        for stor fil | soubor je příliš velký | файл слишком велик | файл є надто великим | dosya çok büyük
        liian suuri tiedosto | a fájl túl nagy | el fitxer és massa gran
        auf dem gerät ist kein speicherplatz mehr verfügbar | aucun espace disponible sur le périphérique
        no queda espacio en el dispositivo | spazio esaurito sul device | sem espaço livre no dispositivo
        não há espaço disponível no dispositivo | geen ruimte meer over op apparaat | brak miejsca na urządzeniu
        enheten är full | ikke mere plads på enheden | ikke mer plass på enheten | na zařízení není volné místo
        на устройстве не осталось свободного места | недостатньо місця на пристрої | aygıt üzerinde boş yer yok
        laitteella ei ole tilaa jäljellä | nincs több hely a lemezen | no resta espai al dispositiu
        der zugewiesene plattenplatz (quota) ist überschritten | débordement du quota d'espace disque
        se ha excedido la cuota de disco | quota disco superata | quota do disco excedida | cota da disco excedida
        schijfquotum is overschreden | przekroczony limit dyskowy | diskkvot överskriden | diskkvoten overskredet
        disk quota exceeded | překročena disková kvóta | превышена дисковая квота | перевищено квоту диска
        disk kotası aşıldı | levykiintiö ylittynyt | lemezkvóta túllépve | s’ha excedit la quota de disc""",
    "read-only": """
        das dateisystem ist nur lesbar | système de fichiers accessible en lecture seulement
        sistema de ficheros de sólo lectura | file system in sola lettura | sistema de ficheiros só de leitura
        sistema de arquivos somente para leitura | bestandssysteem is alleen-lezen
        system plików wyłącznie do odczytu | skrivskyddat filsystem | filsystem med kun læseadgang
        filsystem med kun lesetilgang | systém souborů je pouze pro čtení
        файловая система доступна только для чтения | файлова система тільки для зчитування
        salt-okunur dosya sistemi | kirjoitussuojattu tiedostojärjestelmä | írásvédett fájlrendszer
        el sistema de fitxers és només de lectura""",
    "gone": """
        datenübergabe unterbrochen (broken pipe) | relais brisé (pipe) | tubería rota | pipe interrotta
        túnel quebrado | pipe quebrado | gebroken pijp | przerwany potok | brutet rör | kanalen blev brudt
        røret ble brutt | roura přerušena (sigpipe) | обрыв канала | канал обірвано | veri alınamıyor
        katkennut putki | törött adatcsatorna | la canonada s’ha trencat
        die verbindung wurde vom kommunikationspartner zurückgesetzt | connexion ré-initialisée par le correspondant
        conexión reinicializada por la máquina remota | connessione interrotta dal corrispondente
        ligação reposta pelo peer | conexão fechada pela outra ponta | verbinding is weggevallen
        połączenie zerwane przez drugą stronę | förbindelse borttagen av partnern
        forbindelsen brudt i den anden ende | forbindelsen brutt i den andre enden | spojení zrušeno druhou stranou
        соединение разорвано другой стороной | вузол розірвав з’єднання | bağlantı karşıdan kesildi
        vastapää sulki yhteyden | a kapcsolatot bontotta a távoli fél | la màquina remota ha reiniciat la connexió""",
    "unsupported": """
        die angeforderte funktion ist nicht implementiert | fonction non implantée | función no implementada
        funzione non implementata | função não implementada | functie is niet aanwezig
        nie zaimplementowana funkcja | funktion inte implementerad | funktionen er ikke implementeret
        funksjonen er ikke implementert | funkce není implementována | функция не реализована
        функцію не реалізовано | i̇şlev bulunamadı (bir güncelleme gerekebilir) | funktion toteutus puuttuu
        a függvény nincs megvalósítva | la funció no està implementada | das protokoll wird nicht unterstützt
        protocole non supporté | protocolo no soportado | protocollo non supportato | protocolo não suportado
        protocolo sem suporte | protocol wordt niet ondersteund | protokół nie obsługiwany | protokollet stöds ej
        protokollen er ikke understøttet | protokollen er ikke tilgjengelig | protokol není podporován
        протокол не поддерживается | протокол не підтримується | i̇letişim kuralları desteklenmiyor
        protokolla ei ole tuettu | a protokoll nem támogatott | no es permet l’ús del protocol
        die operation wird nicht unterstützt | opération non supportée | la operación no está soportada
        operazione non supportata | operação não suportada | operação sem suporte | actie wordt niet ondersteund
        operacja nie obsługiwana | operationen stöds ej | operationen er ikke understøttet
        operasjonen er ikke støttet | operace není podporována | неподдерживаемая операция | дія не підтримується
        i̇şlem desteklenmiyor | toiminto ei ole tuettu | a művelet nem támogatott | no es permet l’ús de l’operació""",
    "in use": """
        die adresse wird bereits verwendet | adresse déjà utilisée | la dirección ya se está usando
        indirizzo già in uso | endereço já em uso | adres is al in gebruik | adres jest już w użyciu
        adressen redan upptagen | adressen er allerede i brug | adressen er allerede i bruk | adresa je užívána
        адрес уже используется | адресу вже використано | adres zaten kullanımda | osoite on jo käytössä
        a cím már használatban van | l’adreça ja és en ús""",
    "no address": """
        die angeforderte adresse kann nicht zugewiesen werden | ne peut attribuer l'adresse demandée
        no se puede asignar la dirección solicitada | impossibile assegnare l'indirizzo richiesto
        impossível atribuir o endereço pedido | não foi possível acessar o endereço requisitado
        kan verzochte adres niet toewijzen | nie można przypisać żądanego adresu | kan inte tilldela begärd adress
        kan ikke tildele den ønskede adresse | kan ikke benytte den ønskede adressen
        požadovanou adresu nelze přiřadit | невозможно назначить запрошенный адрес
        не вдалося призначити вказану адресу | i̇stenen adres bulunamıyor | pyydettyä osoitetta ei voi asettaa
        nem sikerült a kért címet hozzárendelni | no s’ha pogut assignar l’adreça sol·licitada
        die adressfamilie wird von der protokollfamilie nicht unterstützt
        famille d'adresses non supportée par le protocole
        esta familia de direcciones no está soportada por el protocolo
        famiglia di indirizzi non supportata dal protocollo | família de endereços não suportada pelo protocolo
        família de endereços sem suporte pelo protocolo | adresfamilie wordt niet ondersteund door protocol
        rodzina adresów nie obsługiwana przez protokół | adressfamiljen stöds inte av protokollet
        adressefamilien er ikke understøttet af protokollen | adressefamilien er ikke støttet av protokollen
        třída adres není podporována protokolem | семейство адресов не поддерживается протоколом
        сімейство адрес не підтримується протоколом | adres ailesi protokol tarafından desteklenmiyor
        protokolla ei tue osoiteperhettä | a protokoll nem támogatja a címcsaládot
        el protocol no permet l’ús d’aquesta família d’adreces""",
    "unreachable": """
        das netzwerk ist nicht erreichbar | le réseau n'est pas accessible | la red es inaccesible
        la rete non è raggiungibile | rede inacessível | a rede está fora de alcance | netwerk is onbereikbaar
        sieć jest niedostępna | nätverket kan inte nås | netværket er ikke tilgængeligt
        nettverket er ikke tilgjengelig | síť není dostupná | сеть недоступна | не вдалося отримати доступ до мережі
        ağ erişilebilir durumda değil | verkkoa ei tavoiteta | a hálózat elérhetetlen | la xarxa és inabastable
        keine route zum zielrechner | aucun chemin d'accès pour atteindre l'hôte cible
        no existe ninguna ruta hasta el `host' | nessun instradamento per l'host | sem caminho para o anfitrião
        não há rota para o host | geen route naar host | brak trasy do hosta | ingen väg till värd
        ingen rute til værtsmaskinen | ingen rute til vertsmaskinen | k počítači neexistuje cesta
        нет маршрута до узла | немає маршруту до вузла | makinaya ağ üzerinden yol yok | reititystä koneeseen ei ole
        nincs útvonal a gép felé | no hi ha cap camí cap a l’estació""",
    "timeout": """
        die wartezeit für die verbindung ist abgelaufen | connexion terminée par expiration du délai d'attente
        expiró el tiempo de conexión | connessione scaduta | ligação expirada | tempo esgotado para conexão
        verbinding is verlopen | przekroczony czas oczekiwania na połączenie | förbindelsens tidsgräns löpte ut
        opkoblingen overskred tidsgrænsen | oppkoblingen overskred tidsgrensen
        spojení bylo příliš dlouho neaktivní | время ожидания соединения истекло
        перевищено інтервал очікування з'єднання | bağlantıda zaman aşımı | yhteys aikakatkaistu
        időtúllépés a kapcsolatban | la connexió ha expirat""",
    "refused": """
        verbindungsaufbau abgelehnt | connexion refusée | conexión rehusada | connessione rifiutata
        ligação recusada | conexão recusada | verbinding is geweigerd | połączenie odrzucone
        förbindelsen förvägrad | opkobling nægtet | oppkobling nektes | spojení odmítnuto | в соединении отказано
        у з'єднанні відмовлено | bağlantı reddedildi | yhteys torjuttu | kapcsolat elutasítva
        s’ha refusat la connexió | der socket ist nicht verbunden | noeud final de transport n'est pas connecté
        el otro extremo de la conexión no está conectado | il socket di destinazione non è connesso
        ponto final do transporte não está ligado | ponto final de transporte não está conectado
        overdrachtseindpunt is niet verbonden | drugi koniec nie jest połączony
        transportslutpunkten är inte förbunden | transport-endepunkt er ikke forbundet
        transport-endepunktene er ikke sammenkoblet | koncový komunikační bod není připojen
        конечная точка передачи не подсоединена | кінцеву точку передавання не з’єднано
        diğer uç aktarım için bağlı değil | siirron vastapää ei ole yhdistetty
        a szállítási végpont nincs csatlakoztatva | l’extrem de transport no és connectat""",
}
"""Texts of the locales, apart by `|`."""
